import { cpuSeconds, memory } from './process-tree.mjs'

const sampleEveryMs = 250

/**
 * What the supervisor and its whole tree use. Memory is read when a phase ends, CPU every 250 ms: what a process uses in its last
 * quarter of a second is not seen.
 */
export class Usage {
  #tree
  #supervisorPid
  #seen = new Map()
  #cpu = { tree: 0, supervisor: 0 }
  #peakProcesses = 0
  #startedAt = performance.now()
  #timer

  constructor(tree, supervisorPid) {
    this.#tree = tree
    this.#supervisorPid = supervisorPid
    this.#sample({ counts: false })
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs)
  }

  /** Memory in MB now, and CPU seconds a second since the last call. */
  phase() {
    this.#sample()
    const elapsed = (performance.now() - this.#startedAt) / 1_000
    const share = (seconds) => seconds / elapsed
    const tree = { ...sum(this.#tree.pids().map(memory)), cpu: share(this.#cpu.tree) }
    const supervisor =
      this.#supervisorPid === undefined
        ? undefined
        : { ...memory(this.#supervisorPid), cpu: share(this.#cpu.supervisor) }
    const phase = { tree, supervisor, processes: this.#peakProcesses }
    this.#cpu = { tree: 0, supervisor: 0 }
    this.#peakProcesses = 0
    this.#startedAt = performance.now()
    return phase
  }

  [Symbol.dispose]() {
    clearInterval(this.#timer)
  }

  #sample({ counts = true } = {}) {
    const pids = this.#tree.pids()
    this.#peakProcesses = Math.max(this.#peakProcesses, pids.length)
    for (const pid of pids) {
      const total = cpuSeconds(pid) ?? 0
      const used = total - (this.#seen.get(pid) ?? 0)
      this.#seen.set(pid, total)
      if (!counts || used < 0) continue
      this.#cpu.tree += used
      if (pid === this.#supervisorPid) this.#cpu.supervisor += used
    }
  }
}

function sum(memories) {
  return memories.reduce((total, { rss, pss }) => ({ rss: total.rss + rss, pss: total.pss + pss }), {
    rss: 0,
    pss: 0,
  })
}
