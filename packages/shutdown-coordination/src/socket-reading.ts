import type { Socket } from 'node:net'

/** What is under a socket of node:net: not documented, and so looked for. */
type Handle = {
  reading?: boolean
  writeQueueSize?: number
  readStart?: () => unknown
  readStop?: () => void
}

function handleOf(socket: Socket): Handle | undefined {
  return (socket as { _handle?: Handle | null })._handle ?? undefined
}

/** Whether nothing that it was sent, and nothing that is to be sent, is in this process; undefined if that cannot be told. */
export function isQuiet(socket: Socket): boolean | undefined {
  const handle = handleOf(socket)
  if (typeof handle?.readStop !== 'function' || typeof handle.readStart !== 'function') return undefined
  if (typeof handle.writeQueueSize !== 'number') return undefined
  return handle.writeQueueSize === 0 && socket.writableLength === 0 && socket.readableLength === 0
}

/**
 * Stops reading from the kernel at once. `pause()` of a socket that no HTTP parser reads would take one more piece in. A
 * program that resumes the socket meanwhile reads nothing either.
 *
 * @returns reads again, if the program wants it
 */
export function holdReading(socket: Socket): () => void {
  const handle = handleOf(socket)
  if (handle === undefined) return () => {}
  let isWanted = handle.reading === true
  if (isWanted) handle.readStop?.()
  // An own property hides Node's method, which is the prototype's.
  handle.readStart = () => {
    isWanted = true
    return 0
  }
  return () => {
    Reflect.deleteProperty(handle, 'readStart')
    handle.reading = isWanted
    if (isWanted) handle.readStart?.()
  }
}
