import type { Socket } from 'node:net'

/** The handle under a socket of node:net. It is not documented, so the code checks that it exists. */
type Handle = {
  reading?: boolean
  writeQueueSize?: number
  readStart?: () => unknown
  readStop?: () => void
}

function handleOf(socket: Socket): Handle | undefined {
  return (socket as { _handle?: Handle | null })._handle ?? undefined
}

/** Whether no bytes are in this process, neither received nor to be sent. Undefined if that is unknown. */
export function isQuiet(socket: Socket): boolean | undefined {
  const handle = handleOf(socket)
  if (typeof handle?.readStop !== 'function' || typeof handle.readStart !== 'function') return undefined
  if (typeof handle.writeQueueSize !== 'number') return undefined
  return handle.writeQueueSize === 0 && socket.writableLength === 0 && socket.readableLength === 0
}

/**
 * Stops reading from the kernel at once. `pause()` of a socket that no HTTP parser reads would read one more piece. A program that resumes
 * the socket meanwhile also reads nothing.
 *
 * @returns a function that reads again, if the program wants it
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
