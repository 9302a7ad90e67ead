import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment, mark } from './environment.mjs'
import { PeerUnavailable } from './peer-unavailable.mjs'

const guard = fileURLToPath(new URL('guard.mjs', import.meta.url))

/**
 * A command and all processes that it starts, daemons included. They end when this process does, however it ends.
 * What is not counted has no mark, so that its memory and CPU time are not the peer's. The guard never has one.
 */
export class ProcessTree {
  #guard
  #log
  /** The process of the command itself. */
  mainPid

  static async start(command, args, { folder, env, log = 'peer.log', isCounted = true }) {
    if (process.platform !== 'linux') throw new PeerUnavailable('keeping sight of daemons needs Linux')
    const tree = new ProcessTree()
    const { [mark]: marked, ...rest } = environment()
    tree.#log = join(folder, log)
    const descriptor = openSync(tree.#log, 'a')
    tree.#guard = spawn(process.execPath, [guard, command, ...args], {
      stdio: ['pipe', 'pipe', descriptor],
      env: { ...rest, ...env, GUARDED_MARK: isCounted ? marked : undefined },
      cwd: folder,
      detached: true,
    })
    closeSync(descriptor)
    const [pid] = await once(tree.#guard.stdout, 'data')
    tree.mainPid = Number(pid)
    if (tree.mainPid > 0) return tree
    await tree.stop()
    throw new Error(tree.lastLines())
  }

  /** All processes of the tree that live now. */
  pids() {
    return descendantsOf(this.#guard.pid)
  }

  lastLines() {
    return readFileSync(this.#log, 'utf8').slice(-2_000)
  }

  /** Kills what is left of the tree, and returns when nothing is. */
  async stop() {
    if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) return
    const ended = once(this.#guard, 'exit')
    this.#guard.stdin.end()
    await ended
  }
}

function descendantsOf(pid) {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

function childrenOf(pid) {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'),
    )
    return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
  } catch {
    return []
  }
}
