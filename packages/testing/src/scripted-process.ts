import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * The steps of a scripted process, in order. Then it exits with 0.
 *
 * - `notify TEXT`: sends a datagram to NOTIFY_SOCKET; `flood N` sends N; `main-pid` sends its own pid as MAINPID
 * - `exit CODE`, `hang`
 * - `print TEXT` to stdout, `warn TEXT` to stderr
 * - `append FILE TEXT`, `pid FILE`, `environment FILE NAME`: appends to a file
 * - `await FILE`: waits until it is there
 * - `ignore N`, `catch N`: a signal by its number; `await-signal` waits for a caught one; `signal-number FILE`
 *   appends which it was
 * - `fork`: the parent exits with 0, the child continues; `fork-held`: it exits when the child says `release`
 * - `child`: starts a child that hangs
 * - `zombie`: leaves a child that has exited in a process group of its own, and prints its pid
 * - `listen`, `listen-unix`: listens on a socket of its own, on the loopback or under an abstract name (Linux)
 * - `accept FD`: waits for a connection, of which /proc shows no trace
 * - `duplicate FD`, `close-on-exec FD`; `epoll FD` watches it (Linux)
 * - `thread`: ends its main thread, and hangs in another
 */
export type Script = readonly string[]

const source = fileURLToPath(new URL('../native/scripted-process.c', import.meta.url))

/** Compiles the process that does what its arguments say, and returns the path of it. */
export function compileScriptedProcess(folder: string): string {
  const path = `${folder}/scripted-process`
  execFileSync(process.env.CC ?? 'cc', ['-Wall', '-Werror', '-o', path, source])
  return path
}
