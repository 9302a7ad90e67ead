import { ServicePlace, waitFor } from '@shellflip/testing'

/** Starts a service and upgrades it once. @returns whether a successor with another pid answers */
export async function isUpgraded(path: string, flags: string[] = []): Promise<boolean> {
  await using place = new ServicePlace()
  const service = place.start([...flags, path])
  const [, first] = await service.printed(/pid (\d+) serves at \d+/, { deadlineMs: 20_000 })
  process.kill(Number(first), 'SIGUSR2')
  const successor = new RegExp(`pid (?!${first} )(\\d+) serves at (\\d+)`)
  const [, second, port] = await service.printed(successor, { deadlineMs: 20_000 })
  const answer = () => fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })
  await waitFor(async () => (await (await answer()).text()) === second, {
    what: `an answer of pid ${second}`,
  })
  return true
}

/** Starts a service that cannot start. @returns what it reports */
export async function failureOf(path: string): Promise<string> {
  await using place = new ServicePlace()
  const { code, stderr } = await place.finish([path])
  return code === 1 ? stderr : `exit status ${code}`
}
