import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { watchPid } from '@shellflip/fd-passing'
import { listenEnvironment, type Notification, Notifier, NotifySocket } from '@shellflip/sd-notify'
import { findExecutable } from './executable.ts'
import type { Launch, NotifyInbox, System } from './system.ts'

/** The system as it is. */
export const nodeSystem: System = {
  now: () => performance.now(),

  timer: startTimer,

  spawn(launch, { onExit, onError }) {
    const child = spawnGroup(launch)
    child.once('exit', (code, signal) => onExit({ code, signal }))
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) onError(error)
    })
    return child.pid
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

function spawnGroup(launch: Launch): ChildProcess {
  const { file, env, cwd, listen } = launch
  findExecutable(file, env.PATH, cwd ?? process.cwd())
  const command = listen.length === 0 ? [file, ...launch.args] : throughShell(file, launch.args)
  const options: SpawnOptions = {
    detached: true,
    env: { ...env, ...(listen.length === 0 ? {} : listenEnvironment(listen.map(({ name }) => name))) },
    stdio: ['ignore', 'inherit', 'inherit', ...listen.map(({ fd }) => fd.fd)],
    ...(cwd === undefined ? {} : { cwd }),
  }
  return spawn(command[0] as string, command.slice(1), options)
}

/**
 * LISTEN_PID must be the pid of the process that uses the sockets (sd_listen_fds(3)), which nobody knows before
 * it is there: a shell tells its own, and becomes the program without changing it.
 */
function throughShell(file: string, args: readonly string[]): string[] {
  return ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', file, ...args]
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
