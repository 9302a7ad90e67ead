/** Looks up the IP address of a host. If a name has several, takes the first of IPv4, as Go does. */
export async function hostOf(host: string): Promise<string | undefined> {
  const { lookup } = process.getBuiltinModule('node:dns/promises')
  const found = await lookup(host, { all: true })
  return (found.find(({ family }) => family === 4) ?? found[0])?.address
}
