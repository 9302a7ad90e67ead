import { readdirSync, readFileSync } from 'node:fs'

const marker = 'SHELLFLIP_BENCH'
const ticksPerSecond = 100
const killWithinMs = 2_000
const betweenKillsMs = 2

/** Marks what this process starts from now on, so that `ProcessTree` finds it, with any parent. */
export function markProcesses() {
  process.env[marker] = String(process.pid)
}

/** Kills what a bench has left that was killed itself, and returns how much that was. */
export function killLeftovers() {
  const marked = new RegExp(`(?:^|\\0)${marker}=(\\d+)\\0`)
  const left = readdirSync('/proc').filter((pid) => {
    const owner = /^\d+$/.test(pid) && marked.exec(readIfThere(`/proc/${pid}/environ`))?.[1]
    return owner && statOf(owner) === undefined
  })
  for (const pid of left) kill(Number(pid))
  return left.length
}

/** The processes of the peer that runs: those with the mark in their environment, and those that the peer names. */
export class ProcessTree {
  #mark = `${marker}=${process.pid}\0`
  #known = new Map()
  #named

  constructor(named = () => []) {
    this.#named = named
  }

  /** The pids that live now. A process is judged once, by the environment of its start. */
  pids() {
    const present = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const living = new Map()
    for (const pid of present) living.set(pid, this.#known.get(pid) ?? this.#isMarked(pid))
    this.#known = living
    const marked = present.filter((pid) => living.get(pid)).map(Number)
    return [...new Set([...marked, ...this.#named().filter((pid) => living.has(String(pid)))])].filter(
      isRunning,
    )
  }

  /** Kills until nothing is left, and returns how many processes that were. One may fork after it was listed. */
  killAll() {
    const killed = new Set()
    const deadline = performance.now() + killWithinMs
    for (let left = this.#pidsAnew(); left.length > 0; left = this.#pidsAnew()) {
      for (const pid of left) kill(pid)
      for (const pid of left) killed.add(pid)
      if (performance.now() > deadline) break
      pause(betweenKillsMs)
    }
    return killed.size
  }

  /** Judges every process again: one that was just replacing its program had no environment to read. */
  #pidsAnew() {
    this.#known.clear()
    return this.pids()
  }

  #isMarked(pid) {
    if (Number(pid) === process.pid) return false
    return `\0${readIfThere(`/proc/${pid}/environ`)}\0`.includes(`\0${this.#mark}`)
  }
}

/** CPU seconds that a process has used. Undefined if it is gone. */
export function cpuSeconds(pid) {
  const fields = statOf(pid)
  return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** CPU seconds that the whole machine has used since its start: all but idle and iowait, which are the fourth and fifth (proc(5)). */
export function machineCpuSeconds() {
  const [, ...fields] = readIfThere('/proc/stat').split('\n', 1)[0].trim().split(/\s+/)
  const [user, nice, system, , , irq, softirq, steal] = fields.map(Number)
  return (user + nice + system + irq + softirq + (steal ?? 0)) / ticksPerSecond
}

/** Resident and proportional memory in MB. Zero if the process is gone. */
export function memory(pid) {
  const rollup = readIfThere(`/proc/${pid}/smaps_rollup`)
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) / 1024
  return { rss: field('Rss'), pss: field('Pss') }
}

/** Blocks, because a handler of a signal that calls process.exit() cannot wait for a promise. */
function pause(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

function isRunning(pid) {
  return ![undefined, 'Z', 'X'].includes(statOf(pid)?.[0])
}

/** The fields of stat(5) from the state on: the name before them may have spaces. */
function statOf(pid) {
  const stat = readIfThere(`/proc/${pid}/stat`)
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
