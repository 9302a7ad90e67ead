import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { lookUpProcess } from '@shellflip/internal'
import type { GenerationsRecord } from '../generation-record.ts'

/** A process that leads its own group, as a generation does. */
export type Sleeper = Disposable & { process: ChildProcess; pid: number }

export async function sleeper(): Promise<Sleeper> {
  const child = spawn('sleep', ['1000'], { detached: true })
  await once(child, 'spawn')
  return { process: child, pid: child.pid as number, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

/** Writes the record of a supervisor with one generation, and returns its path. Without a supervisor it names a dead one. */
export function recordOf(
  folder: { join(name: string): string },
  generation: Sleeper,
  supervisor?: Sleeper,
): string {
  const path = folder.join('generations.json')
  const startedAt = ({ pid }: Sleeper) => lookUpProcess(pid)?.startedAt as string
  const record: GenerationsRecord = {
    supervisor: supervisor
      ? { pid: supervisor.pid, startedAt: startedAt(supervisor) }
      : { pid: generation.pid, startedAt: 'long ago' },
    notifyDirectories: [],
    listeners: [],
    generations: [
      {
        generation: 4,
        notifySocket: folder.join('4.sock'),
        pid: generation.pid,
        startedAt: startedAt(generation),
        group: generation.pid,
      },
    ],
  }
  writeFileSync(path, JSON.stringify(record), { mode: 0o600 })
  return path
}
