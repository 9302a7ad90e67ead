import type { NamedFd } from '@shellflip/fd-passing'
import { oneLine } from '@shellflip/internal'

/** A process reports ready for a generation that was passed sockets. */
export type SocketSearch = {
  /** The process that LISTEN_PID names. */
  spawnedPid: number
  readyPid: number
  sockets: readonly NamedFd[]
}

/** No process of the generation shows that it took the passed sockets, and one listens on its own socket. */
export type SocketsNotTaken = {
  readyPid: number
  /** The process that LISTEN_PID names, and its name. */
  listenPid: number
  listenCommand: string
  /** The process that listens on its own socket, and its address. */
  listenerPid: number
  address: string
}

export function describeNotTaken(found: SocketsNotTaken): string {
  const { readyPid, listenerPid, address } = found
  const listener = listenerPid === readyPid ? 'It' : `Pid ${listenerPid}`
  return (
    `pid ${readyPid} reports ready, but no process took the sockets: ${whyNot(found)}. ` +
    `${listener} listens on ${oneLine(address)} instead. Start the server directly, or by exec`
  )
}

function whyNot({ listenPid, listenCommand, listenerPid }: SocketsNotTaken): string {
  return listenPid === listenerPid
    ? 'something closed them or removed LISTEN_PID before the server started'
    : `LISTEN_PID names pid ${listenPid} (${oneLine(listenCommand)})`
}
