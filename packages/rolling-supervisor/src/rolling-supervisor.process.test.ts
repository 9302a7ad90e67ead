import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { listenTcp, localAddress } from '@shellflip/fd-passing'
import { Notifier, type NotifyMessage, NotifySocket } from '@shellflip/sd-notify'
import {
  compileScriptedProcess,
  heldBytes,
  isAlive,
  processState,
  type Script,
  temporaryFolder,
  waitFor,
} from '@shellflip/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { SupervisorEvent } from './events.ts'
import type { SupervisorOptions } from './options.ts'
import { RollingSupervisor } from './rolling-supervisor.ts'

const build = temporaryFolder('scripted-')
const scripted = compileScriptedProcess(build.path)
afterAll(() => build[Symbol.dispose]())

const serve: Script = ['notify', 'READY=1', 'hang']

/** A supervisor over scripted processes: generation N does what `scripts[N - 1]` says, later ones what the last says. */
class Supervised implements AsyncDisposable {
  readonly folder = temporaryFolder('supervised-')
  readonly events: SupervisorEvent[] = []
  readonly supervisor: RollingSupervisor

  constructor(scripts: readonly Script[], options: Partial<SupervisorOptions> = {}, env = process.env) {
    mkdirSync(this.folder.join('notify'))
    this.supervisor = new RollingSupervisor({
      command: ({ id }) => ({
        file: scripted,
        args: scripts[Math.min(id, scripts.length) - 1] ?? serve,
        env,
        cwd: this.folder.path,
      }),
      notifyDirectory: this.folder.join('notify'),
      ...options,
    })
    this.supervisor.onEvent((event) => {
      // Keeps the last one of several statuses in a row, so that a flood of them does not fill our own memory.
      const isRepeated = event.type === 'generation-status' && this.events.at(-1)?.type === event.type
      if (isRepeated) this.events.pop()
      this.events.push(event)
    })
    this.supervisor.start()
  }

  event<T extends SupervisorEvent['type']>(
    type: T,
    generation?: number,
  ): Promise<Extract<SupervisorEvent, { type: T }>> {
    return waitFor(
      () =>
        this.events.find(
          (event): event is Extract<SupervisorEvent, { type: T }> =>
            event.type === type &&
            (generation === undefined || ('generation' in event && event.generation === generation)),
        ),
      { what: `${type} of generation ${generation}` },
    )
  }

  served(generation = 1): Promise<unknown> {
    return this.event('promoted', generation)
  }

  pid(generation: number): number {
    const started = this.events.find(
      (event) => event.type === 'generation-started' && event.generation === generation,
    )
    if (started?.type !== 'generation-started') throw new Error(`generation ${generation} was not started`)
    return started.pid
  }

  /** The lines that generations wrote into a file of the folder. */
  lines(name: string): string[] {
    const path = this.folder.join(name)
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  }

  get ready(): number[] {
    return this.supervisor
      .status()
      .generations.filter(({ state }) => state === 'ready')
      .map(({ id }) => id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    void this.supervisor.stop()
    void this.supervisor.stop()
    await this.supervisor.done
    expect(readdirSync(this.folder.join('notify')), 'no notify socket is left').toEqual([])
    for (const event of this.events) {
      if (event.type === 'generation-started') expect(isAlive(event.pid), 'no process is left').toBe(false)
    }
    this.folder[Symbol.dispose]()
  }
}

describe('readiness', () => {
  const forms = [
    'READY=1',
    'READY=1\n',
    `READY=1\nMAINPID=${process.pid}`,
    `MAINPID=${process.pid}\nREADY=1`,
    'READY=1\nSTATUS=Serving\n',
    `STATUS=${'x'.repeat(4096 - 16)}\nREADY=1`,
    `X_JUNK=${'x'.repeat(65536 - 16)}\nREADY=1`,
    'no assignment\n=\nREADY=1',
  ]
  test.each(forms.map((form) => ({ form, start: JSON.stringify(form).slice(0, 40) })))(
    'is found in $start',
    async ({ form }) => {
      await using world = new Supervised([['notify', form, 'hang']])
      await world.served()
    },
  )

  test('said twice is harmless', async () => {
    await using world = new Supervised([
      ['notify', 'READY=1', 'notify', 'READY=1', 'notify', 'STATUS=said', 'hang'],
    ])
    await world.event('generation-status')
    expect(world.supervisor.status().state).toBe('serving')
    expect(world.events.filter(({ type }) => type === 'generation-ready')).toHaveLength(1)
  })

  test('may be said by another process than the main one', async () => {
    await using world = new Supervised([], {
      command: () => ({
        file: '/bin/sh',
        args: ['-c', `${scripted} notify READY=1 hang & wait`],
        env: process.env,
      }),
    })
    await world.served()
  })

  test.each(['20000000', '18446744073709551615'])(
    'EXTEND_TIMEOUT_USEC=%s gives a slow one the time that it requests',
    async (microseconds) => {
      const script = [
        'notify',
        `EXTEND_TIMEOUT_USEC=${microseconds}`,
        'await',
        'go',
        'notify',
        'READY=1',
        'hang',
      ]
      await using world = new Supervised([script], { readyTimeoutMs: 2_000 })
      await world.event('generation-extended')
      const pastTheTimeout = performance.now() + 2_000
      await waitFor(() => performance.now() > pastTheTimeout)
      writeFileSync(world.folder.join('go'), '')
      await world.served()
    },
  )
})

describe('a roll that fails leaves the old generation as it was', () => {
  test.each<[string, Script, Partial<SupervisorOptions>, object]>([
    ['the next exits with 3', ['exit', '3'], {}, { type: 'exited', code: 3, beforeReady: true }],
    ['the next exits with 0 before ready', ['exit', '0'], {}, { type: 'exited', code: 0, beforeReady: true }],
    ['the next hangs', ['hang'], { readyTimeoutMs: 2_000 }, { type: 'not-ready', timeoutMs: 2_000 }],
  ])(
    '%s; the roll after it succeeds, and exactly one generation is left',
    async (_, script, options, failure) => {
      await using world = new Supervised([serve, script, serve], options)
      await world.served()
      expect(await world.supervisor.roll()).toMatchObject({ type: 'failed', generation: 2, failure })
      expect(
        world.events.some((event) => event.type === 'generation-signalled' && event.generation === 1),
      ).toBe(false)
      expect(isAlive(world.pid(1))).toBe(true)
      expect(world.ready).toEqual([1])

      expect(await world.supervisor.roll()).toMatchObject({ type: 'rolled', generation: 3 })
      await world.event('generation-exited', 1)
      await waitFor(() => world.supervisor.status().generations.length === 1)
      expect(world.ready).toEqual([3])
    },
  )

  test('the command is gone', async () => {
    using folder = temporaryFolder()
    const command = folder.join('serve')
    symlinkSync(scripted, command)
    await using world = new Supervised([serve], {
      command: () => ({ file: command, args: serve, env: process.env }),
    })
    await world.served()
    rmSync(command)
    expect(await world.supervisor.roll()).toMatchObject({
      type: 'failed',
      failure: { type: 'cannot-start', code: 'ENOENT' },
    })
    symlinkSync(scripted, command)
    expect(await world.supervisor.roll()).toMatchObject({ type: 'rolled', generation: 3 })
  })
})

test('a deploy that moves the symlink, or replaces the working directory, starts the new code', async () => {
  using folder = temporaryFolder()
  const release = (name: string) => {
    mkdirSync(folder.join(name))
    writeFileSync(folder.join(name, 'version'), `${name}\n`)
  }
  release('v1')
  symlinkSync('v1', folder.join('current'))
  await using world = new Supervised([], {
    command: () => ({
      file: '/bin/sh',
      args: ['-c', `cat version >> ../seen; exec ${scripted} notify READY=1 hang`],
      env: process.env,
      cwd: folder.join('current'),
    }),
  })
  await world.served()
  release('v2')
  symlinkSync('v2', folder.join('next'))
  renameSync(folder.join('next'), folder.join('current'))
  await world.supervisor.roll()
  rmSync(folder.join('v2'), { recursive: true })
  release('v3')
  renameSync(folder.join('v3'), folder.join('v2'))
  await world.supervisor.roll()
  expect(readFileSync(folder.join('seen'), 'utf8')).toBe('v1\nv2\nv3\n')
})

describe('ending a generation', () => {
  test.each([
    ['SIGUSR2', 12],
    ['SIGHUP', 1],
    [10, 10],
  ] as const)('the stop signal %s is what it gets', async (stopSignal, number) => {
    await using world = new Supervised(
      [['catch', String(number), 'notify', 'READY=1', 'await-signal', 'signal-number', 'got']],
      { stopSignal },
    )
    await world.served()
    void world.supervisor.stop()
    expect(await world.supervisor.done).toEqual({ type: 'stopped' })
    expect(world.lines('got')).toEqual([String(number)])
  })

  test('one that ignores it is killed after the drain timeout, announced', async () => {
    await using world = new Supervised([['ignore', '15', 'notify', 'READY=1', 'hang'], serve], {
      drainTimeoutMs: 100,
    })
    await world.served()
    await world.supervisor.roll()
    expect(await world.event('generation-killed', 1)).toMatchObject({ reason: 'overdue' })
    expect(await world.event('generation-exited', 1)).toMatchObject({ exit: { signal: 'SIGKILL' } })
  })

  test('what it forked ends with it', async () => {
    await using world = new Supervised([['child', 'notify', 'READY=1', 'hang'], serve])
    await world.served()
    const children = readFileSync(`/proc/${world.pid(1)}/task/${world.pid(1)}/children`, 'utf8').trim()
    expect(isAlive(Number(children))).toBe(true)
    await world.supervisor.roll()
    await world.event('generation-exited', 1)
    await waitFor(() => !isAlive(Number(children)))
  })

  /** A command of the shell, in the folder where `lines` looks. */
  const shell = (script: string, notifySocket: string) => ({
    file: '/bin/sh',
    args: ['-c', script],
    env: process.env,
    cwd: dirname(dirname(notifySocket)),
  })

  test('a server behind a shell drains, although the stop signal ends the shell at once', async () => {
    const script = 'catch 15 notify READY=1 await-signal append got term await go append got drained'
    await using world = new Supervised([], {
      command: ({ notifySocket }) => shell(`${scripted} ${script}; true`, notifySocket),
    })
    await world.served()
    const leader = world.pid(1)
    void world.supervisor.stop()
    await waitFor(() => world.lines('got').length === 1 && !isAlive(leader))
    const left = { id: 1, state: 'draining', pid: expect.any(Number) }
    expect(world.supervisor.status().generations).toMatchObject([left])
    writeFileSync(world.folder.join('go'), '')
    expect(await world.supervisor.done).toEqual({ type: 'stopped' })
    expect(world.lines('got')).toEqual(['termdrained'])
    expect(world.events.some(({ type }) => type === 'generation-killed')).toBe(false)
  })

  test('one that is stopped by SIGSTOP is continued, and drains', async () => {
    await using world = new Supervised([
      ['catch', '15', 'notify', 'READY=1', 'await-signal', 'append', 'got', 'term'],
    ])
    await world.served()
    process.kill(world.pid(1), 'SIGSTOP')
    await waitFor(() => processState(world.pid(1)) === 'T')
    void world.supervisor.stop()
    await world.supervisor.done
    expect(world.lines('got')).toEqual(['term'])
  })

  test('what a leader leaves behind when it dies gets the stop signal, and the restart waits for it', async () => {
    const rest = 'catch 15 notify READY=1 await-signal append got term await go append got ended'
    const next = 'append got next notify READY=1 hang'
    await using world = new Supervised([], {
      command: ({ id, notifySocket }) =>
        shell(id === 1 ? `${scripted} ${rest}; true` : `exec ${scripted} ${next}`, notifySocket),
    })
    await world.served()
    process.kill(world.pid(1), 'SIGKILL')
    await waitFor(() => world.lines('got').length === 1)
    await world.event('restarting')
    writeFileSync(world.folder.join('go'), '')
    await world.served(2)
    expect(world.lines('got')).toEqual(['termendednext'])
  })

  test('old ones that never finish draining are bounded in number', async () => {
    await using world = new Supervised([['ignore', '15', 'notify', 'READY=1', 'hang']], { maxDraining: 2 })
    await world.served()
    for (let n = 0; n < 3; n++) await world.supervisor.roll()
    await world.event('generation-exited', 1)
    const draining = world.supervisor.status().generations.filter(({ state }) => state === 'draining')
    expect(draining.map(({ id }) => id)).toEqual([2, 3])
  })
})

test('a command or a listener that throws fails one generation, or nothing', async () => {
  await using world = new Supervised([], {
    command: ({ id }) => {
      if (id === 2) throw new Error('no such template')
      return { file: scripted, args: serve, env: process.env }
    },
  })
  using _ = world.supervisor.onEvent(() => {
    throw new Error('a listener')
  })
  await world.served()
  const failure = { type: 'cannot-start', message: 'no such template' }
  expect(await world.supervisor.roll()).toMatchObject({ type: 'failed', failure })
  expect(await world.supervisor.roll()).toMatchObject({ type: 'rolled', generation: 3 })
  expect(await world.event('listener-failed')).toMatchObject({ error: new Error('a listener') })
})

test('sockets that a wrapper keeps back fail the roll', async () => {
  using listener = listenTcp({ host: '127.0.0.1', port: 0 })
  const fallback = `${scripted} listen notify READY=1 hang; true`
  await using world = new Supervised([], {
    command: ({ id }) =>
      id === 2
        ? { file: '/bin/sh', args: ['-c', fallback], env: process.env }
        : { file: scripted, args: serve, env: process.env },
    listen: [{ name: 'http', fd: listener }],
  })
  await world.served()
  const outcome = await world.supervisor.roll()
  expect(outcome).toMatchObject({ type: 'failed', failure: { type: 'sockets-not-taken' } })
  expect(world.ready).toEqual([1])
})

describe('the generation that serves dies', () => {
  test('it is noticed, and another one is started', async () => {
    await using world = new Supervised([serve])
    await world.served()
    process.kill(world.pid(1), 'SIGKILL')
    await world.served(2)
    expect(world.ready).toEqual([2])
  })

  test('under never, the supervisor ends with its status', async () => {
    await using world = new Supervised([['notify', 'READY=1', 'await', 'go', 'exit', '7']], {
      restart: 'never',
    })
    await world.served()
    writeFileSync(world.folder.join('go'), '')
    expect(await world.supervisor.done).toMatchObject({ type: 'ended', exitCode: 7 })
  })

  test('it hangs: the watchdog kills it, and another one is started', async () => {
    await using world = new Supervised(
      [
        ['ignore', '15', 'notify', 'READY=1', 'hang'],
        ['notify', 'READY=1\nWATCHDOG_USEC=0', 'hang'],
      ],
      { watchdogMs: 100 },
    )
    await world.served(2)
    expect(await world.event('generation-killed', 1)).toMatchObject({ reason: 'hung' })
  })
})

describe('a first start that fails leaves nothing, and ends with a status that is not 0', () => {
  test.each<[string, Script, number, Partial<SupervisorOptions>]>([
    ['exits with 3', ['child', 'exit', '3'], 3, {}],
    ['exits with 0', ['exit', '0'], 1, {}],
    ['forks and exits, and says nothing', ['fork', 'hang'], 1, {}],
    ['hangs', ['ignore', '15', 'child', 'hang'], 1, { readyTimeoutMs: 100, drainTimeoutMs: 100 }],
  ])('%s', async (_, script, exitCode, options) => {
    await using world = new Supervised([script], options)
    expect(await world.supervisor.done).toMatchObject({ type: 'ended', exitCode })
  })

  test('a command that does not exist', async () => {
    await using world = new Supervised([], {
      command: () => ({ file: 'no-such-command', args: [], env: process.env }),
    })
    expect(await world.supervisor.done).toEqual({
      type: 'ended',
      exitCode: 1,
      reason: 'generation 1 cannot start: ENOENT: no-such-command is not in PATH',
    })
  })
})

test('a daemon that forks, sends MAINPID and whose first process exits, is followed and signalled', async () => {
  await using world = new Supervised([
    [
      'fork-held',
      'catch',
      '15',
      'main-pid',
      'release',
      'notify',
      'READY=1',
      'pid',
      'pid',
      'await-signal',
      'signal-number',
      'got',
    ],
  ])
  await world.served()
  await waitFor(() => world.lines('pid').length === 1)
  expect(world.supervisor.status().generations[0]?.pid).toBe(Number(world.lines('pid')[0]))
  expect(world.supervisor.status().state).toBe('serving')
  void world.supervisor.stop()
  await world.supervisor.done
  expect(world.lines('got')).toEqual(['15'])
})

describe('a stop', () => {
  test.each(['start', 'roll'])('during a %s acts at once, and nothing is started after it', async (phase) => {
    await using world = new Supervised(phase === 'start' ? [['hang']] : [serve, ['hang']], {
      readyTimeoutMs: 600_000,
    })
    if (phase === 'roll') {
      await world.served()
      void world.supervisor.roll()
    }
    await world.event('generation-started', phase === 'start' ? 1 : 2)
    void world.supervisor.stop()
    expect(await world.supervisor.roll()).toEqual({ type: 'refused', reason: 'stopping' })
    expect(await world.supervisor.done).toEqual({ type: 'stopped' })
    expect(world.events.filter(({ type }) => type === 'generation-started')).toHaveLength(
      phase === 'start' ? 1 : 2,
    )
  })
})

test('the manager gets RELOADING with its time, then READY with the reason, after a roll that failed', async () => {
  using folder = temporaryFolder()
  using inbox = NotifySocket.open({ path: folder.join('manager.sock') })
  const heard: NotifyMessage[] = []
  void (async () => {
    for await (const { message } of inbox) heard.push(message)
  })()
  using manager = Notifier.fromEnvironment({ env: { NOTIFY_SOCKET: inbox.path } })
  await using world = new Supervised([serve, ['exit', '3']], { manager })
  await world.served()
  await waitFor(() => heard.some(({ ready }) => ready))
  await world.supervisor.roll()
  const reloading = await waitFor(() => heard.findIndex((message) => message.reloading) + 1)
  expect(heard[reloading - 1]?.monotonicUsec).toBeTypeOf('bigint')
  const closed = await waitFor(() => heard.slice(reloading).find(({ ready }) => ready))
  expect(closed.status).toBe('generation 1 ready, roll to generation 2 failed: exited with 3 before ready')
  void world.supervisor.stop()
  await waitFor(() => heard.some(({ stopping }) => stopping))
})

test('a generation gets its own notify socket, and none of the variables that the manager set', async () => {
  const env = {
    ...process.env,
    NOTIFY_SOCKET: '/manager',
    WATCHDOG_USEC: '1',
    WATCHDOG_PID: '1',
    LISTEN_FDS: '7',
    LISTEN_PID: '1',
  }
  const names = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID']
  const script = [...names.flatMap((name) => ['environment', 'env', name]), ...serve]
  await using world = new Supervised([script], {}, env)
  await world.served()
  expect(world.lines('env')).toEqual([
    world.folder.join('notify', '1.sock'),
    '(unset)',
    '(unset)',
    '(unset)',
    '(unset)',
  ])
})

test('held sockets reach every generation as LISTEN_FDS with its own pid, and connections wait while none serves', async () => {
  using listener = listenTcp({ host: '127.0.0.1', port: 0 })
  const address = localAddress(listener.fd)
  if (address.family === 'unix') throw new Error('not a TCP socket')
  const names = ['LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PID']
  const script = ['pid', 'env', ...names.flatMap((name) => ['environment', 'env', name]), ...serve]
  await using world = new Supervised([script], { listen: [{ name: 'http', fd: listener }] })
  const client = connect(address.port, '127.0.0.1')
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject))
  await world.served()
  expect(world.supervisor.status().listeners).toEqual([
    { name: 'http', address: `tcp://127.0.0.1:${address.port}` },
  ])
  await world.supervisor.roll()
  const lines = world.lines('env')
  expect(lines.slice(0, 4)).toEqual([String(world.pid(1)), '1', 'http', String(world.pid(1))])
  expect(lines.slice(4)).toEqual([String(world.pid(2)), '1', 'http', String(world.pid(2))])
  expect(client.destroyed).toBe(false)
  client.destroy()
})

test('a generation that floods the notify socket holds nothing up, and fills no memory', async () => {
  const flooding = ['ignore', '15', 'notify', 'READY=1', 'flood', '100000', 'append', 'done', 'x', 'hang']
  await using world = new Supervised([flooding, serve])
  await world.served()
  const before = heldBytes()
  expect(await world.supervisor.roll()).toMatchObject({ type: 'rolled' })
  expect(world.lines('done'), 'the roll did not wait for the end of the flood').toEqual([])
  const held: number[] = []
  // To collect all garbage takes longer than to ask: it would slow the flood down.
  const looksPerCollection = 50
  let looks = 0
  const isOver = () => {
    if (looks++ % looksPerCollection === 0) held.push(heldBytes() - before)
    return world.lines('done').length > 0
  }
  await waitFor(isOver, { deadlineMs: 60_000 })
  expect(Math.max(...held)).toBeLessThan(4 * 1024 * 1024)
}, 90_000)
