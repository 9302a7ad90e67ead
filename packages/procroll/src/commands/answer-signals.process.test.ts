import { existsSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { isAlive, processesWith, processState, TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, hear, ProcrollSandbox, service } from '../testing/procroll-sandbox.ts'

const isLinux = process.platform === 'linux'

const signalled = (pid: number, signal: string | number) =>
  process.kill(pid, typeof signal === 'number' ? signal : `SIG${signal}`)

/** Whether a process has a handler for a signal (proc_pid_status(5)). */
function catches(pid: number, signal: NodeJS.Signals): boolean {
  const caught = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
}

/** Stops procroll once it has caught the last of its signals, before it does anything else. A data URL has no lines. */
const stopWhenAllAreCaught = `data:text/javascript,
  const { on } = process;
  process.on = function (name, listener) {
    on.call(this, name, listener);
    if (name === 'SIGXFSZ') process.kill(process.pid, 'SIGSTOP');
    return this;
  }`

describe('a signal without a meaning', () => {
  it('is logged once, and changes nothing', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([])
    const names = [
      'USR1',
      'USR2',
      'ALRM',
      'VTALRM',
      'PROF',
      'XCPU',
      'XFSZ',
      ...(isLinux ? ['IO', 'PWR', 'STKFLT'] : []),
    ]
    for (const name of names) {
      signalled(supervisor.pid, name)
      await supervisor.printed(new RegExp(`level=WARN .*ignored" signal=SIG${name}\n`))
    }
    for (const name of names) signalled(supervisor.pid, name)
    // Linux alone has real-time signals.
    if (isLinux) for (const signal of [34, 37, 64]) signalled(supervisor.pid, signal)
    for (const name of ['WINCH', 'CHLD', 'URG', 'CONT']) signalled(supervisor.pid, name)
    expect((await sandbox.finish(['roll'])).code).toBe(0)
    expect(supervisor.stderr.match(/ignored/g)).toHaveLength(names.length)
    expect(supervisor.stderr).not.toContain('Debugger')
    supervisor.kill('SIGTERM')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(sandbox.processes).toEqual([])
  })

  it('does not open the inspector of a command that waits', async () => {
    await using sandbox = new ProcrollSandbox()
    await sandbox.serve([], ['only-in-2:never-ready'])
    const roll = sandbox.start(['roll'])
    await roll.printed(/generation 2/)
    roll.kill('SIGUSR1')
    expect((await sandbox.finish(['stop', '--now'])).code).toBe(0)
    expect((await roll.exit).signal).toBe(null)
    expect(roll.stderr).not.toContain('Debugger')
  })
})

describe.runIf(isLinux)('before anything is loaded', () => {
  it('a stop starts nothing, and other signals are ignored', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = sandbox.start(['run', 'echo', 'started'], {
      nodeFlags: ['--import', stopWhenAllAreCaught],
    })
    await waitFor(() => processState(supervisor.pid) === 'T')
    expect(catches(supervisor.pid, 'SIGXFSZ')).toBe(true)
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGTERM'] as const) supervisor.kill(signal)
    supervisor.kill('SIGCONT')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(supervisor.stdout).toBe('')
    expect(supervisor.stderr).not.toContain('Debugger')
    expect(sandbox.leftovers).toEqual([])
  })
})

it.runIf(isLinux)('an inspector that SIGUSR1 opens while Node starts is closed again', async () => {
  await using sandbox = new ProcrollSandbox()
  const supervisor = sandbox.start(['run', '--', process.execPath, service], {
    nodeFlags: ['--inspect-port=0'],
  })
  await waitFor(() => catches(supervisor.pid, 'SIGUSR1'))
  supervisor.kill('SIGUSR1')
  await supervisor.printed(/msg="generation serves" generation=1/)
  // Node may have been further than that.
  const port = /Debugger listening on .*:(\d+)/.exec(supervisor.stderr)?.[1]
  if (port !== undefined) await expect(hear(Number(port))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

describe('a stop', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('by %s drains', async (signal) => {
    await using sandbox = new ProcrollSandbox()
    const go = sandbox.join('go')
    const supervisor = await sandbox.serve([], [`drain-until=${go}`])
    supervisor.kill(signal)
    await supervisor.printed(new RegExp(`level=INFO msg=stopping by=${signal}\n`))
    writeFileSync(go, '')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(supervisor.stderr).toMatch(/generation exited" generation=1 exit_code=0/)
  })

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
    ['SIGQUIT', 'SIGTERM'],
  ] as const)('by %s and at once %s is one stop', async (first, second) => {
    await using sandbox = new ProcrollSandbox()
    const go = sandbox.join('go')
    const supervisor = await sandbox.serve([], [`drain-until=${go}`])
    supervisor.kill(first)
    supervisor.kill(second)
    // Two signals of one kind that are pending together are one.
    await supervisor.printed(/msg=stopping/)
    supervisor.kill(second)
    await supervisor.printed(new RegExp(`level=INFO msg="repeats the stop .*" by=${second}\n`))
    writeFileSync(go, '')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(supervisor.stderr).not.toContain('killing generation')
  })

  it('by Ctrl-C and, deliberately, Ctrl-C again cuts the drain', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['stubborn'])
    await waitFor(() => {
      if (/without time to drain" by=SIGINT/.test(supervisor.stderr)) return true
      supervisor.kill('SIGINT')
      return false
    })
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(supervisor.stderr).toMatch(/level=WARN msg="killing generation"/)
    expect(sandbox.processes).toEqual([])
  })

  it('of which the second signal comes after a pause is one stop', async () => {
    await using sandbox = new ProcrollSandbox()
    const go = sandbox.join('go')
    const supervisor = await sandbox.serve([], [`drain-until=${go}`])
    supervisor.kill('SIGINT')
    await supervisor.printed(/msg=stopping/)
    supervisor.kill('SIGSTOP')
    supervisor.kill('SIGINT')
    const paused = performance.now()
    await waitFor(() => performance.now() - paused > 1_000)
    supervisor.kill('SIGCONT')
    await supervisor.printed(/repeats the stop/)
    writeFileSync(go, '')
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
  })

  it('that two operators request is one, and --now cuts it', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['stubborn'])
    const stops = [sandbox.start(['stop']), sandbox.start(['stop'])]
    for (const stop of stops) await stop.printed(/waiting for generation 1/)
    expect((await sandbox.status()).generations).toMatchObject([{ generation: 1, state: 'draining' }])
    expect(supervisor.stderr).not.toContain('killing generation')
    expect((await sandbox.finish(['stop', '--now'])).code).toBe(0)
    for (const stop of stops) expect((await stop.exit).code).toBe(0)
    expect(supervisor.stderr).toMatch(/level=WARN msg="killing generation"/)
    expect((await supervisor.exit).code).toBe(0)
  })

  it('with --now, as the first one, kills at once', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve([], ['stubborn'])
    expect((await sandbox.finish(['stop', '--now'])).code).toBe(0)
    expect((await supervisor.exit).code).toBe(0)
    expect(sandbox.processes).toEqual([])
  })
})

const hasScript = isLinux && existsSync('/usr/bin/script')

/** Starts procroll in a terminal of its own, which hangs up when script(1) is killed. */
function startInTerminal(sandbox: ProcrollSandbox): TestProcess {
  const words = [process.execPath, cli, 'run', '--name', 'tty', '--', process.execPath, service]
  // Linux sends SIGHUP to the outer shell, whose end sends it to the group. The inner one lives on and keeps the status.
  const shell = `(trap "" HUP; ${words.map((word) => `'${word}'`).join(' ')}; echo $? > '${sandbox.join('status')}'); :`
  return TestProcess.start('script', ['--quiet', '--command', shell, '/dev/null'], {
    env: { ...sandbox.env, SHELL: '/bin/sh' },
  })
}

async function inTerminal(sandbox: ProcrollSandbox): Promise<TestProcess> {
  const terminal = startInTerminal(sandbox)
  await terminal.printed(/msg="generation serves" generation=1/)
  return terminal
}

/** Whether a program that Node runs has installed its last handler. It may be gone by now. */
function isReadyForSignals(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === realpathSync(process.execPath) && catches(pid, 'SIGXFSZ')
  } catch {
    return false
  }
}

describe.runIf(hasScript)('a terminal', () => {
  it('that is closed before procroll has loaded its code stops it', async () => {
    await using sandbox = new ProcrollSandbox()
    await using terminal = startInTerminal(sandbox)
    await waitFor(() => sandbox.processes.some(isReadyForSignals))
    terminal.kill('SIGKILL')
    await waitFor(() => existsSync(sandbox.join('status')))
    await waitFor(() => readFileSync(sandbox.join('status'), 'utf8') === '0\n')
    expect(sandbox.processes).toEqual([])
    expect(sandbox.leftovers).toEqual([])
  })

  it('that is closed stops with a drain', async () => {
    await using sandbox = new ProcrollSandbox()
    await using terminal = await inTerminal(sandbox)
    const { pid, generations } = await sandbox.status()
    terminal.kill('SIGKILL')
    await waitFor(() => existsSync(sandbox.join('status')) && !isAlive(pid))
    await waitFor(() => readFileSync(sandbox.join('status'), 'utf8') === '0\n')
    expect(isAlive(generations[0]?.pid ?? 0)).toBe(false)
    expect(sandbox.leftovers).toEqual([])
    expect(processesWith(`PROCROLL_RUNTIME_DIR=${sandbox.runtime}\0`)).toEqual([])
  })

  it('that is there takes nothing from SIGHUP, which rolls', async () => {
    await using sandbox = new ProcrollSandbox()
    await using terminal = await inTerminal(sandbox)
    signalled((await sandbox.status()).pid, 'HUP')
    await terminal.printed(/msg="generation serves" generation=2/)
    expect((await sandbox.finish(['stop'])).code).toBe(0)
  })
})
