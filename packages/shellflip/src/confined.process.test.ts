import { spawnSync } from 'node:child_process'
import { chownSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Finished, ServicePlace, TestProcess } from '@shellflip/testing'
import { askForRestart } from '@shellflip/upgrader'
import { describe, expect, it } from 'vitest'

const service = fileURLToPath(new URL('testing/restartable-service.mjs', import.meta.url))
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const fdPassing = createRequire(import.meta.url).resolve('@shellflip/fd-passing')

/** A service under a command that takes something from it; all of it ends with the scope. */
class Confined implements AsyncDisposable {
  readonly place = new ServicePlace()
  readonly socket = this.place.join('restart.sock')
  readonly #started: TestProcess[] = []

  /** Starts a Node program under this command. */
  start(confine: readonly string[], args: readonly string[]): TestProcess {
    const [file, ...rest] = [...confine, process.execPath, ...args]
    const env = { SERVICE_PLACE: this.place.path, npm_lifecycle_event: undefined }
    const started = TestProcess.start(file as string, rest, { cwd: this.place.path, env })
    this.#started.push(started)
    return started
  }

  async finish(confine: readonly string[], args: readonly string[]): Promise<Finished> {
    const run = this.start(confine, args)
    const exit = await run.exit
    return { ...exit, stdout: run.stdout, stderr: run.stderr }
  }

  async serve(confine: readonly string[], flags: readonly string[] = []): Promise<number> {
    const [, pid] = await this.start(confine, [...flags, service, this.socket]).printed(/ready (\d+)/)
    return Number(pid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Successors share the output of what was started here, so they have to end first.
    await this.place[Symbol.asyncDispose]()
    for (const started of this.#started) await started[Symbol.asyncDispose]()
  }
}

describe('while too many descriptors of the user are in flight', () => {
  /** Sends descriptors to itself until the kernel takes no more of this user, and tells when it holds them. */
  const holder = `
    import { openSync } from 'node:fs'
    import { OwnedFd, UnixSocket } from ${JSON.stringify(fdPassing)}
    const own = new OwnedFd(openSync('/dev/null'))
    const [held, holding] = UnixSocket.pair('seqpacket')
    try {
      for (;;) await holding.send('held', { fds: Array(50).fill(own), retryTimeoutMs: 0 })
    } catch ({ errno }) {
      console.log('holds ' + errno)
    }
    setInterval(() => held.closed, 60_000)`

  // Root may have any number in flight, so the service runs as a user that nobody else is.
  const user = 200_000 + process.pid
  const asUser = ['setpriv', '--reuid', `${user}`, '--regid', `${user}`, '--clear-groups']
  const limited = [...asUser, 'prlimit', '--nofile=256:256']
  const canChangeUser = spawnSync(asUser[0] as string, [...asUser.slice(1), 'true']).status === 0

  it('an upgrade fails within seconds and names the limit, and the next one works', async (context) => {
    if (!canChangeUser) return context.skip('only root can run a service as another user (setpriv)')
    await using confined = new Confined()
    chownSync(confined.place.path, user, user)
    writeFileSync(confined.place.join('holder.mjs'), holder)
    const first = await confined.serve(limited)
    const held = confined.start(limited, [confined.place.join('holder.mjs')])
    await held.printed(/holds ETOOMANYREFS/)

    const began = performance.now()
    expect(await askForRestart(confined.socket)).toMatchObject({
      type: 'failed',
      message: expect.stringMatching(/ETOOMANYREFS.*in flight.*ulimit -n, LimitNOFILE=/),
    })
    expect(performance.now() - began).toBeLessThan(10_000)

    await held[Symbol.asyncDispose]()
    const restarted = await askForRestart(confined.socket)
    expect(restarted).toMatchObject({ type: 'restarted', pid: expect.any(Number) })
    expect(restarted).not.toMatchObject({ pid: first })
  })
})

describe('with 64 descriptors', () => {
  const limited = ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh']

  it('a service starts, and shellflip restart upgrades it', async () => {
    await using confined = new Confined()
    const first = await confined.serve(limited)
    const { code, stdout, stderr } = await confined.finish(limited, [
      cli,
      'restart',
      '--socket',
      confined.socket,
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^restarted: pid \d+ in \d+ ms\n$/)
    expect(stdout).not.toContain(`pid ${first} `)
  })
})

describe("under Node's permission model", () => {
  const { allowedNodeEnvironmentFlags: known } = process
  const flags = [
    known.has('--permission') ? '--permission' : '--experimental-permission',
    '--allow-fs-read=*',
    '--allow-fs-write=*',
    '--allow-child-process',
    '--allow-addons',
    ...(known.has('--allow-net') ? ['--allow-net'] : []),
  ]

  it('a service upgrades, and its successor has the same flags', async () => {
    await using confined = new Confined()
    const first = await confined.serve([], flags)
    const restarted = await askForRestart(confined.socket)
    expect(restarted).toMatchObject({ type: 'restarted', pid: expect.any(Number) })
    expect(restarted).not.toMatchObject({ pid: first })
    if (restarted.type !== 'restarted') return
    const argv = readFileSync(`/proc/${restarted.pid}/cmdline`, 'utf8').split('\0')
    expect(argv.slice(1, 1 + flags.length)).toEqual(flags)
    const { code, stderr } = await confined.finish(
      [],
      [...flags, cli, 'restart', '--socket', confined.socket],
    )
    expect(code, stderr).toBe(0)
  })
})
