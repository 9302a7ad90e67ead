import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { endProcessesWith, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { program } from '../testing/launched-service.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

/** A service that a parent has forked, as pm2 and nodemon do. */
class ForkedService implements AsyncDisposable {
  readonly child: ChildProcess
  readonly heard: unknown[] = []
  readonly #mark = `FORKED_SERVICE=${randomUUID()}`
  readonly #folder = temporaryFolder()
  #stdout = ''

  constructor(env: NodeJS.ProcessEnv = {}) {
    const [name, value] = this.#mark.split('=') as [string, string]
    this.child = fork(program, {
      env: { ...process.env, ...env, [name]: value },
      cwd: this.#folder.path,
      silent: true,
    })
    this.child.on('message', (message) => this.heard.push(message))
    this.child.stdout?.on('data', (text) => {
      this.#stdout += text
    })
  }

  /** The pids of the generations that said that they serve. */
  get serving(): number[] {
    return Array.from(this.#stdout.matchAll(/serves (\d+) /g), ([, pid]) => Number(pid))
  }

  async generation(count: number): Promise<number> {
    await waitFor(() => this.serving.length >= count, { deadlineMs: 25_000, what: `generation ${count}` })
    return this.serving[count - 1] as number
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(this.#mark)
    this.#folder[Symbol.dispose]()
  }
}

describe.runIf(process.platform === 'linux')('a parent with an IPC channel', () => {
  it('gets the message that the first generation is ready, and stops the serving one by a message', async () => {
    await using service = new ForkedService()
    const first = await service.generation(1)
    expect(first).not.toBe(service.child.pid)
    await waitFor(() => service.heard.length > 0, { what: 'the word of the launcher' })
    process.kill(first, 'SIGUSR2')
    const second = await service.generation(2)
    expect(readFileSync(`/proc/${second}/environ`, 'utf8')).not.toContain('NODE_CHANNEL_FD')
    service.child.send('hello')
    service.child.send('shutdown')
    expect(await once(service.child, 'exit')).toEqual([7, null])
    expect(service.heard).toEqual(['ready'])
  })

  it('gets the same messages from a service without a launcher', async () => {
    await using service = new ForkedService({ LAUNCHER: 'false' })
    expect(await service.generation(1)).toBe(service.child.pid)
    await waitFor(() => service.heard.length > 0, { what: 'the word of the service' })
    service.child.send('shutdown')
    expect(await once(service.child, 'exit')).toEqual([7, null])
    expect(service.heard).toEqual(['ready'])
  })

  it('may close the channel: the service keeps running until a signal stops it', async () => {
    await using service = new ForkedService()
    service.child.disconnect()
    await service.generation(1)
    service.child.kill('SIGTERM')
    expect(await once(service.child, 'exit')).toEqual([7, null])
  })
})
