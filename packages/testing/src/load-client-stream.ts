import { connectTo, type LoadTarget, requestHead } from './load-client-connection.ts'

/** Asks for an answer that never ends, and resolves when it has ended all the same, or `signal` aborts. */
export function readStream(
  target: LoadTarget,
  path: string,
  signal: AbortSignal,
  onOpen: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTo(target)
    const close = () => socket.destroy()
    signal.addEventListener('abort', close)
    // So that the end of the answer is the end of the connection.
    socket.write(requestHead(path, 'close'), 'latin1')
    socket.once('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('HTTP/1.1 200 ')) onOpen()
      else close()
    })
    // The body does not matter, but it must be read, or the server's buffers fill up.
    socket.resume()
    socket.on('error', () => {})
    socket.on('end', close)
    socket.on('close', () => {
      signal.removeEventListener('abort', close)
      resolve()
    })
  })
}
