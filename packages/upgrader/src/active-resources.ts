/** Names what keeps this process alive, as Node calls it: `2 Timeout, TCPSocketWrap`. */
export function activeResources(): string {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} ${name}`)).join(', ')
}
