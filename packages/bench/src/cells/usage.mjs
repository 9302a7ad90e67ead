import { cpuSeconds, machineCpuSeconds, memory } from './process-tree.mjs'

const sampleEveryMs = 250

/**
 * What the tree of a peer uses, and what single processes use: `watched` is `{ name: pid }`. Memory is read when a phase ends, CPU
 * every 250 ms. What a process uses in its last quarter of a second is not seen.
 */
export class Usage {
  #tree
  #watched
  #seen = new Map()
  #cpu = new Map()
  #peakProcesses = 0
  #startedAt = performance.now()
  #machineAt = machineCpuSeconds()
  #timer

  constructor(tree, watched) {
    this.#tree = tree
    this.#watched = Object.entries(watched).filter(([, pid]) => pid !== undefined)
    this.#sample()
    this.#begin()
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs)
  }

  /** Memory in MB now, and CPU seconds a second since the last call, for the tree and each watched process. */
  phase() {
    const pids = this.#sample()
    const of = (members) => ({ ...sum(members.map(memory)), cpu: this.#share(members) })
    const tree = { ...sum(pids.map(memory)), cpu: this.#share([...this.#cpu.keys()].filter(this.#inTree)) }
    const single = this.#watched.map(([name, pid]) => [name, of([pid])])
    const phase = {
      tree,
      ...Object.fromEntries(single),
      elsewhere: this.#elsewhere(),
      processes: this.#peakProcesses,
    }
    this.#begin()
    return phase
  }

  [Symbol.dispose]() {
    clearInterval(this.#timer)
  }

  /** CPU that neither the peer nor the load client has used. On a quiet machine it is next to nothing. */
  #elsewhere() {
    const elapsed = (performance.now() - this.#startedAt) / 1_000
    const machine = (machineCpuSeconds() - this.#machineAt) / elapsed
    return { cpu: Math.max(0, machine - this.#share([...this.#cpu.keys()])) }
  }

  #begin() {
    this.#machineAt = machineCpuSeconds()
    this.#cpu.clear()
    this.#peakProcesses = 0
    this.#startedAt = performance.now()
  }

  #share(pids) {
    const used = pids.reduce((total, pid) => total + (this.#cpu.get(pid) ?? 0), 0)
    return used / ((performance.now() - this.#startedAt) / 1_000)
  }

  /** The load client is watched, but no part of the tree. */
  #inTree = (pid) => !this.#watched.some(([name, watched]) => name === 'client' && watched === pid)

  #sample() {
    const pids = this.#tree.pids()
    this.#peakProcesses = Math.max(this.#peakProcesses, pids.length)
    for (const pid of new Set([...pids, ...this.#watched.map(([, watched]) => watched)])) {
      const total = cpuSeconds(pid) ?? 0
      const used = Math.max(0, total - (this.#seen.get(pid) ?? 0))
      this.#seen.set(pid, total)
      this.#cpu.set(pid, (this.#cpu.get(pid) ?? 0) + used)
    }
    return pids
  }
}

function sum(memories) {
  return memories.reduce((total, { rss, pss }) => ({ rss: total.rss + rss, pss: total.pss + pss }), {
    rss: 0,
    pss: 0,
  })
}
