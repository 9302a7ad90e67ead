import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { watchPid } from '@shellflip/fd-passing'
import { RunningTimer } from '@shellflip/internal'
import { listenEnvironment, NotifySocket } from '@shellflip/sd-notify'
import { findExecutable } from './executable.ts'
import { lookForSockets } from './look-for-sockets.ts'
import { childrenOf, groupOf, memberOf, ownerOf, signal } from './process-lookup.ts'
import type { InboxObserver, Launch, NotifyInbox, System } from './system.ts'

/** The system as it is. */
export const nodeSystem: System = {
  now: () => performance.now(),

  timer: (ms, callback) => new RunningTimer(ms, callback),

  spawn(launch, { onExit, onError }) {
    const child = spawnGroup(launch)
    child.once('exit', (code, signal) => onExit({ code, signal }))
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) onError(error)
    })
    // An open notify socket keeps the event loop alive. One that is given up has none, and must not.
    child.unref()
    return child.pid
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
