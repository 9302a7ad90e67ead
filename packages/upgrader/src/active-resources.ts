/** Maps the handle of a standard stream to Node's name for it. Node lists the output streams, although they keep no process alive. */
const resourceNames: Readonly<Record<string, string>> = {
  Pipe: 'PipeWrap',
  TTY: 'TTYWrap',
  TCP: 'TCPSocketWrap',
}

type WithHandle = { readonly _handle?: object | null }

/** Names what keeps this process alive, in Node's words: `2 Timeout, TCPSocketWrap`. */
export function activeResources(): string {
  // This comes before the question to Node, because the first access to a standard stream creates it.
  const output = [process.stdout, process.stderr] as readonly WithHandle[]
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const { _handle } of output) {
    const name = resourceNames[_handle?.constructor.name ?? ''] ?? ''
    const count = counts.get(name) ?? 0
    if (count > 1) counts.set(name, count - 1)
    else counts.delete(name)
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} ${name}`)).join(', ')
}
