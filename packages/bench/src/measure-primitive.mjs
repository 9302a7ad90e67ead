import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ProcessTree } from './cells/process-tree.mjs'
import { within } from './cells/within.mjs'

const program = fileURLToPath(new URL('primitive-process.mjs', import.meta.url))
const atMostMs = 15 * 60_000

/** The rows of a primitive: `{ what, ours, peer, unit, peerIs, n }`. Resolves with `problem` where it fails. */
export async function measurePrimitive({ name }, signal) {
  const child = fork(program, [name], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-4_000)
  })
  const exited = once(child, 'exit').then(([code, exitSignal]) => {
    throw new Error(`ended with ${exitSignal ?? code}: ${errors.trim()}`)
  })
  exited.catch(() => {})
  try {
    const rows = once(child, 'message').then(([message]) => message)
    return { name, rows: await within(atMostMs, name, Promise.race([rows, exited]), signal) }
  } catch (error) {
    if (signal.aborted) throw error
    return { name, rows: [], problem: error.message }
  } finally {
    new ProcessTree().killAll()
  }
}
