import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isAlive, processState, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { ask, childrenOf, LaunchedService, program } from '../testing/launched-service.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

const fixture = (name: string) => fileURLToPath(new URL(`../testing/${name}`, import.meta.url))
const { execPath: node } = process

describe('under npm start', () => {
  function npmStart(folder: { path: string; join: (name: string) => string }, script: string) {
    writeFileSync(
      folder.join('package.json'),
      JSON.stringify({ name: 'service', private: true, scripts: { start: script } }),
    )
    return LaunchedService.start(['npm', 'start'], {
      cwd: folder.path,
      env: { npm_config_update_notifier: 'false', npm_config_cache: folder.join('cache') },
    })
  }

  it.each([
    ['the program alone', `"${node}" "${program}"`],
    ['a shell in between', `"${node}" "${program}" && echo never`],
  ])('upgrades go on and npm waits, with %s', async (_, script) => {
    using folder = temporaryFolder()
    await using service = npmStart(folder, script)
    const first = await service.generation(1)
    process.kill(first.pid, 'SIGUSR2')
    const second = await service.generation(2)
    process.kill(second.pid, 'SIGUSR2')
    const third = await service.generation(3)
    for (const { pid } of [first, second]) {
      await waitFor(() => processState(pid) === undefined, { what: `generation ${pid}, reaped` })
    }
    expect(isAlive(service.process.pid)).toBe(true)
    expect(await ask(first.port)).toBe(String(third.pid))
    process.kill(-service.process.pid, 'SIGTERM')
    await service.process.exit
    expect(service.process.stdout).toContain(`${third.pid} stopped`)
    expect(isAlive(third.pid)).toBe(false)
  })

  it.each([
    ['its process group, so that it comes twice,', (npm: number) => -npm],
    ['itself', (npm: number) => npm],
  ])('SIGTERM to %s ends it as the service ends, which finishes what is under way', async (_, target) => {
    using folder = temporaryFolder()
    // Without `exec` a shell stands in between: it dies of the signal, and npm does not wait for the service.
    await using service = npmStart(folder, `exec "${node}" "${program}"`)
    const { port, pid } = await service.generation(1)
    const slow = ask(port, '/slow')
    await service.process.printed(/asked for \/slow/)
    process.kill(target(service.process.pid), 'SIGTERM')
    expect(await slow).toBe('slow')
    expect((await service.process.exit).code).toBe(7)
    expect(isAlive(pid)).toBe(false)
  })
})

describe('under tsx', () => {
  const tsx = createRequire(import.meta.url).resolve('tsx/cli')

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'upgrades go on, and %s to tsx stops the service',
    async (signal) => {
      await using service = LaunchedService.start([node, tsx, fixture('typed-service.ts')])
      const first = await service.generation(1)
      expect(first.registered).toBe('by tsx')
      process.kill(first.pid, 'SIGUSR2')
      const second = await service.generation(2)
      expect(second).toMatchObject({ registered: 'by tsx', parent: first.parent, port: first.port })
      process.kill(second.pid, 'SIGUSR2')
      const third = await service.generation(3)
      expect(await ask(first.port)).toBe(String(third.pid))
      service.process.kill(signal)
      expect(await service.process.exit).toEqual({ code: 7, signal: null })
      expect(isAlive(third.pid)).toBe(false)
    },
  )
})

describe('under a parent that has forked it', () => {
  it('upgrades go on, and the parent waits for the end of the service', async () => {
    const parent = `require('node:child_process').fork(${JSON.stringify(program)}).on('exit', (code) => process.exit(code))`
    await using service = LaunchedService.start([node, '--eval', parent])
    const first = await service.generation(1)
    process.kill(first.pid, 'SIGUSR2')
    const second = await service.generation(2)
    await waitFor(() => processState(first.pid) === undefined, { what: 'the first generation, reaped' })
    expect(await ask(first.port)).toBe(String(second.pid))
    expect(isAlive(service.process.pid)).toBe(true)
    process.kill(first.parent, 'SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })
})

describe('under node --import', () => {
  it.each(['true', 'false'])(
    'what it registers is there in every generation (launcher: %s)',
    async (launcher) => {
      using folder = temporaryFolder()
      writeFileSync(folder.join('register.mjs'), `globalThis.registered = 'by --import'`)
      await using service = LaunchedService.start([node, '--import', './register.mjs', program], {
        cwd: folder.path,
        env: { LAUNCHER: launcher },
      })
      const first = await service.generation(1)
      process.kill(first.pid, 'SIGUSR2')
      const second = await service.generation(2)
      expect([first.registered, second.registered]).toEqual(['by --import', 'by --import'])
      expect(await ask(first.port)).toBe(String(second.pid))
    },
  )
})

describe('beside worker threads', () => {
  it('upgrades work, and shellflip() in one of them refuses', async () => {
    await using service = LaunchedService.start([node, program], { env: { THREADS: '1' } })
    const first = await service.generation(1)
    expect(await ask(first.port)).toBe(`ERR_WORKER_THREAD in ${first.pid}`)
    process.kill(first.pid, 'SIGUSR2')
    const second = await service.generation(2)
    expect(await ask(first.port)).toBe(`ERR_WORKER_THREAD in ${second.pid}`)
    await waitFor(() => !isAlive(first.pid), { what: 'the end of the first generation' })
  })
})

describe('in a cluster worker', () => {
  it('shellflip() refuses, and says what to do', async () => {
    await using run = TestProcess.node([fixture('clustered-service.mjs')])
    await run.exit
    expect(run.stdout).toMatch(/^ERR_CLUSTER_WORKER: .* Call shellflip\(\) in the primary/)
  })
})

describe('as PID 1', () => {
  const flags = ['--pid', '--fork', '--kill-child', '--mount-proc']
  const unshare = [flags, ['--user', '--map-root-user', ...flags]].find(
    (choice) => spawnSync('unshare', [...choice, 'true']).status === 0,
  )

  it('upgrades go on, SIGTERM stops the service, and no zombie is left', async (context) => {
    if (unshare === undefined)
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    await using service = LaunchedService.start(['unshare', ...unshare, node, program])
    const first = await service.generation(1)
    expect(first.parent).toBe(1)
    const [init] = childrenOf(service.process.pid)
    if (init === undefined) throw new Error('unshare has no child')
    process.kill(init, 'SIGUSR2')
    const second = await service.generation(2)
    process.kill(childrenOf(init).at(-1) as number, 'SIGUSR2')
    const third = await service.generation(3)
    expect([second.parent, third.parent]).toEqual([1, 1])
    expect(await ask(first.port)).toBe(String(third.pid))
    await waitFor(() => childrenOf(init).length === 1, { what: 'older generations, reaped' })
    const [serving] = childrenOf(init)
    expect(readFileSync(`/proc/${serving}/status`, 'utf8')).toMatch(new RegExp(`NSpid:.*\\t${third.pid}\\n`))
    process.kill(init, 'SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('orphans are reaped: what a failed successor has started', async (context) => {
    if (unshare === undefined)
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    await using service = LaunchedService.start(['unshare', ...unshare, node, program])
    const { port, pid } = await service.generation(1)
    const [init] = childrenOf(service.process.pid)
    if (init === undefined) throw new Error('unshare has no child')
    const [serving] = childrenOf(init)
    service.trouble('exit')
    process.kill(init, 'SIGUSR2')
    await service.process.printed(/leaves \d+\n[\s\S]*upgrade over .*"exited","code":3/)
    await waitFor(() => childrenOf(init).length === 1, { what: 'no orphan, and no zombie' })
    expect(childrenOf(init)).toEqual([serving])
    expect(await ask(port)).toBe(String(pid))
  })

  it('a service that was killed ends it with 137', async (context) => {
    if (unshare === undefined)
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    await using service = LaunchedService.start(['unshare', ...unshare, node, program])
    await service.generation(1)
    const [init] = childrenOf(service.process.pid)
    const [serving] = childrenOf(init as number)
    process.kill(serving as number, 'SIGKILL')
    expect(await service.process.exit).toEqual({ code: 137, signal: null })
  })

  it('under an init that waits for its child alone it launches as well', async (context) => {
    if (unshare === undefined)
      return context.skip('this system lets nobody here make a pid namespace (unshare)')
    const init = 'trap : TERM; "$@" & wait $!; exit $?'
    await using service = LaunchedService.start([
      'unshare',
      ...unshare,
      '/bin/sh',
      '-c',
      init,
      'sh',
      node,
      program,
    ])
    const first = await service.generation(1)
    process.kill(hostPid(service.process.pid), 'SIGUSR2')
    const second = await service.generation(2)
    expect(second.parent).toBe(first.parent)
    expect(first.parent).not.toBe(1)
    expect(await ask(first.port)).toBe(String(second.pid))
  })
})

/** The pid of the launcher, below unshare and the init. */
function hostPid(unshare: number): number {
  const [init] = childrenOf(unshare)
  const [launcher] = childrenOf(init as number)
  return launcher as number
}
