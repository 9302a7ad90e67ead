import { readdirSync, readFileSync, statSync } from 'node:fs'
import { watchPid } from '@shellflip/fd-passing'
import { type Notification, Notifier, NotifySocket } from '@shellflip/sd-notify'
import { startProcess } from './start-process.ts'
import type { NotifyInbox, System } from './system.ts'

/** The system as it is. */
export const nodeSystem: System = {
  now: () => performance.now(),

  timer: startTimer,

  spawn(launch, { onExit, onError }) {
    try {
      return startProcess(launch, onExit)
    } catch (error) {
      queueMicrotask(() => onError(error as NodeJS.ErrnoException))
      return undefined
    }
  },

  signal(pid, signal) {
    try {
      process.kill(pid, signal)
    } catch (error) {
      // EPERM: macOS says it of a group of which only zombies are left.
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ESRCH' && code !== 'EPERM') throw error
    }
  },

  watchPid,

  ownerOf,

  childrenOf,

  openNotifySocket,
}

/** setTimeout takes more than this for 1 ms. */
const longestTimeoutMs = 2 ** 31 - 1

function startTimer(ms: number, callback: () => void): Disposable {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number) => {
    const stepMs = Math.min(leftMs, longestTimeoutMs)
    timer = setTimeout(() => (stepMs < leftMs ? wait(leftMs - stepMs) : callback()), stepMs)
  }
  wait(ms)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}

function ownerOf(pid: number): number | undefined {
  if (process.platform === 'linux') return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid
  try {
    process.kill(pid, 0)
    return process.getuid?.()
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? -1 : undefined
  }
}

/** Each thread has its own (proc_pid_task(5), `children`). */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`
  try {
    const lists = readdirSync(tasks).map((thread) => readFileSync(`${tasks}/${thread}/children`, 'utf8'))
    return lists
      .flatMap((list) => list.trim().split(' '))
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

function openNotifySocket(path: string, onNotification: (notification: Notification) => void): NotifyInbox {
  const socket = NotifySocket.open({ path })
  void (async () => {
    for await (const notification of socket) onNotification(notification)
  })()
  return {
    async settled() {
      const self = Notifier.fromEnvironment({ env: { NOTIFY_SOCKET: path } })
      await self.barrier({ timeoutMs: 1000 })
      self.close()
    },
    [Symbol.dispose]: () => socket.close(),
  }
}
