import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment, mark } from './environment.mjs'
import { PeerUnavailable } from './peer-unavailable.mjs'

const guard = fileURLToPath(new URL('guard.mjs', import.meta.url))

/**
 * Commands and all processes that they start, daemons included. They end when this process does, however it ends.
 * The guard has no mark, so that its memory and CPU time are not the peer's. Nor has a tree that is not counted.
 */
export class ProcessTree {
  #guard
  #folder
  #log
  #env
  /** The process of the first command. */
  mainPid

  /** Starts a command, with its output in `folder`. */
  static async start(command, args, { folder, env, log = 'peer.log', isCounted = true }) {
    if (process.platform !== 'linux') throw new PeerUnavailable('keeping sight of daemons needs Linux')
    const tree = new ProcessTree()
    const { [mark]: marked, ...unmarked } = environment()
    tree.#env = { ...unmarked, ...(isCounted && marked && { [mark]: marked }), ...env }
    tree.#folder = folder
    tree.#log = join(folder, log)
    const descriptor = openSync(tree.#log, 'a')
    tree.#guard = spawn(process.execPath, [guard], {
      stdio: ['pipe', 'pipe', descriptor],
      env: unmarked,
      detached: true,
    })
    closeSync(descriptor)
    try {
      tree.mainPid = await tree.run(command, args)
      return tree
    } catch (error) {
      await tree.stop()
      throw error
    }
  }

  /** Starts one more command in the tree, and returns its pid. */
  async run(command, args, env) {
    const wanted = { command, args, env: { ...this.#env, ...env }, cwd: this.#folder }
    this.#guard.stdin.write(`${JSON.stringify(wanted)}\n`)
    const [line] = await once(this.#guard.stdout, 'data')
    const pid = Number(line)
    if (pid === 0) throw new Error(this.lastLines())
    return pid
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
