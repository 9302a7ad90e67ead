/** Reads an endless answer whose lines are `tick 1`, `tick 2` …, and misses none. */
export function stream(socket, load, everyMs) {
  let text = ''
  let expected
  const session = {
    isLive: false,
    inFlight: 0,
    received(chunk) {
      text += chunk.toString('latin1')
      if (!session.isLive) {
        if (!/^HTTP\/1\.1 200 /.test(text)) return text.includes('\r\n') ? 'status' : undefined
        if (!/GENERATION \S+\n/.test(text)) return undefined
        session.isLive = true
        load.begun()
      }
      for (const [, tick] of text.matchAll(/tick (\d+)\n/g)) {
        if (expected !== undefined && Number(tick) !== expected) return 'body'
        expected = Number(tick) + 1
      }
      text = text.slice(text.lastIndexOf('\n') + 1)
      return undefined
    },
    close() {},
  }
  socket.write(`GET /stream?every=${everyMs} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  return session
}
