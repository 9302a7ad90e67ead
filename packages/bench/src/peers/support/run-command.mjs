import { spawn } from 'node:child_process'
import { environment } from './environment.mjs'
import { PeerUnavailable } from './peer-unavailable.mjs'

/** Runs a command to its end and returns its output. Rejects with the last lines when it fails. */
export async function runCommand(command, args, { env, timeoutMs = 60_000, ...options } = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environment(), ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    ...options,
  })
  const output = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => output.push(text))
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? signal))
  })
  const text = output.join('')
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}: ${text.slice(-2_000)}`)
  return text
}

/** Runs a command that prepares a peer, in the environment of the bench. A failure means that this machine cannot run the peer. */
export async function prepareWith(command, args, options) {
  try {
    return await runCommand(command, args, {
      timeoutMs: 600_000,
      ...options,
      env: { ...process.env, ...options?.env },
    })
  } catch (error) {
    if (error.code === 'ENOENT') {
      throw new PeerUnavailable(`${command} is not on PATH. Install it first`, { cause: error })
    }
    throw new PeerUnavailable(error.message, { cause: error })
  }
}
