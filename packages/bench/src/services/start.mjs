import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { environment } from '../measure.mjs'

/** The path of a service in this folder. */
export function servicePath(name) {
  return fileURLToPath(new URL(`${name}.mjs`, import.meta.url))
}

/** What a service reads of the environment, for a start of the contract. */
export function serviceEnvironment({ port, drainMs, cert, key, controlSocket, preparedFile }) {
  const { SHELLFLIP_BENCH } = process.env
  const secure = cert ? { TLS_CERT: cert, TLS_KEY: key } : {}
  const control = controlSocket ? { CONTROL_SOCKET: controlSocket } : {}
  const prepared = preparedFile ? { PREPARED_FILE: preparedFile } : {}
  return {
    ...environment,
    ...secure,
    ...control,
    ...prepared,
    SHELLFLIP_BENCH,
    PORT: String(port ?? ''),
    DRAIN_MS: String(drainMs),
  }
}

/** Starts Node, and resolves when it writes its first line. */
export async function startReady(args, env) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const errors = lastOf(child.stderr)
  const exited = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`node ${args[0]} ended with ${signal ?? code}: ${errors()}`)
  })
  await Promise.race([once(child.stdout, 'data'), exited])
  exited.catch(() => {})
  child.stdout.resume()
  return child
}

/** Reads a stream to its end, and returns a function that returns its last text. */
export function lastOf(stream) {
  let last = ''
  stream.setEncoding('utf8').on('data', (text) => {
    last = (last + text).slice(-2_000)
  })
  return () => last.trim()
}

/** Ends a process that this one started, by a signal. */
export async function end(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
