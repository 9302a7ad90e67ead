import { oneLine } from '@shellflip/internal'
import type { ListenSocket } from './system.ts'

/** A process reports ready for a generation, and is not the one that LISTEN_PID names. */
export type SocketSearch = {
  /** The process that LISTEN_PID names. */
  spawnedPid: number
  readyPid: number
  sockets: readonly ListenSocket[]
}

/** No process of the generation shows that it took the passed sockets, and one listens on a socket of its own. */
export type SocketsNotTaken = {
  readyPid: number
  /** The process that LISTEN_PID names, and its name. */
  listenPid: number
  listenCommand: string
  /** The process that listens on a socket of its own, and where. */
  listenerPid: number
  address: string
}

export function describeNotTaken(found: SocketsNotTaken): string {
  const { readyPid, listenPid, listenCommand, listenerPid, address } = found
  return (
    `pid ${readyPid} reports ready, but nobody took the sockets: LISTEN_PID names pid ${listenPid} (${oneLine(listenCommand)}). ` +
    `${listenerPid === readyPid ? 'It' : `Pid ${listenerPid}`} listens on ${oneLine(address)} instead. ` +
    'Start the server directly, or by exec'
  )
}
