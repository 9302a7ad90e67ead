import { watchPid } from '@shellflip/fd-passing'
import { RunningTimer } from '@shellflip/internal'
import { NotifySocket } from '@shellflip/sd-notify'
import { lookForSockets } from './look-for-sockets.ts'
import { childrenOf, groupOf, memberOf, ownerOf, signal } from './process-lookup.ts'
import { startProcess } from './start-process.ts'
import type { InboxObserver, NotifyInbox, System } from './system.ts'

/** The system as it is. */
export const nodeSystem: System = {
  now: () => performance.now(),

  timer: (ms, callback) => new RunningTimer(ms, callback),

  spawn(launch, { onExit, onError }) {
    try {
      const spawned = startProcess(launch, onExit)
      return { pid: spawned.pid, [Symbol.dispose]: () => void spawned.unref() }
    } catch (error) {
      queueMicrotask(() => onError(error as NodeJS.ErrnoException))
      return undefined
    }
  },

  signal,

  watchPid,

  ownerOf,
  groupOf,
  memberOf,
  childrenOf,

  lookForSockets,

  openNotifySocket,
}

function openNotifySocket(path: string, { onNotification, onTrouble }: InboxObserver): NotifyInbox {
  const socket = NotifySocket.open({ path, onReceiveFailed: onTrouble })
  const deliver = async () => {
    for await (const notification of socket) onNotification(notification)
  }
  deliver().catch(onTrouble)
  return {
    readPending: () => socket.takePending(onNotification),
    [Symbol.dispose]: () => socket.close(),
  }
}
