import {
  cpSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isAlive, openFds, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { FlipSandbox, serviceScript } from './testing/flip-sandbox.ts'
import { type Mirrored, mirrored, mirrorPrograms } from './testing/mirror-program.ts'

const prepared = { options: { prepareSuccessor: true } }

/** Waits until a process waits for the next upgrade of this one. @returns its pid */
async function preparedBy(service: FlipSandbox, pid: number): Promise<number> {
  return (await service.event({ type: 'successor-prepared', pid })).successor
}

/** A release: a folder with a program in it, which says which one it is, and when it was loaded. */
function release(service: FlipSandbox, folder: string, version: string): void {
  mkdirSync(service.path(folder))
  const program = `
    import { appendFileSync } from 'node:fs'
    appendFileSync('${service.path('loaded')}', '${version} ' + process.pid + '\\n')
    process.env.FLIP_RELEASE = '${version}'
    await import('${serviceScript}')`
  writeFileSync(service.path(folder, 'app.mjs'), program)
}

/** A release that has its own copy of shellflip. A request to it starts a worker thread. */
function wholeRelease(service: FlipSandbox, folder: string): void {
  const packages = service.path(folder, 'node_modules')
  mkdirSync(packages, { recursive: true })
  const installed = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
  for (const name of ['package.json', 'dist'])
    cpSync(installed(name), service.path(folder, 'node_modules/shellflip', name), { recursive: true })
  for (const name of ['@shellflip', 'zod'])
    symlinkSync(installed(`node_modules/${name}`), `${packages}/${name}`)
  const program = `
    import { appendFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    import { Worker } from 'node:worker_threads'
    import { shellflip } from 'shellflip'
    const folder = process.env.FLIP_FOLDER
    const report = ({ pid: successor, ...event }) =>
      appendFileSync(folder + '/events.jsonl', JSON.stringify({ pid: process.pid, ...event, successor }) + '\\n')
    const flip = await shellflip({ controlSocket: folder + '/control/restart.sock', prepareSuccessor: true, onEvent: report })
    const server = createServer((request, response) => {
      const worker = new Worker('require("node:worker_threads").parentPort.postMessage("works")', { eval: true })
      const end = (worker) => response.end(JSON.stringify({ worker, release: import.meta.dirname }))
      worker.once('message', end).once('error', (error) => end(error.message))
    })
    const { port } = await flip.listen(server, { port: 0, host: '127.0.0.1', name: 'http' })
    await flip.ready()
    report({ type: 'serving', port })`
  writeFileSync(service.path(folder, 'app.mjs'), program)
}

const loaded = (service: FlipSandbox) => readFileSync(service.path('loaded'), 'utf8').trim().split('\n')

function moveLink(service: FlipSandbox, to: string): void {
  symlinkSync(to, service.path('next'))
  renameSync(service.path('next'), service.path('current'))
}

/** Starts a program that reports what it sees. It is upgraded to by a fresh start, and then by a prepared process. */
async function bothWays(
  name: keyof typeof mirrorPrograms,
  { options = [], env = {} }: { options?: readonly string[]; env?: NodeJS.ProcessEnv },
): Promise<{ fresh: Mirrored; ofPrepared: Mirrored }> {
  await using service = new FlipSandbox()
  writeFileSync(service.path(name), mirrorPrograms[name])
  writeFileSync(service.path('preload.cjs'), 'globalThis.preloaded = process.cwd()')
  const first = await service.startServing({
    command: [process.execPath, ...options, name, 'one', 'zwei ü'],
    env,
  })
  service.plan(prepared)
  const second = await service.upgraded()
  expect(await service.exitOf(first)).toEqual({ code: 0, signal: null })
  const third = await preparedBy(service, second)
  expect(mirrored(service.path('mirror.jsonl'))).toHaveLength(2)
  expect(await service.upgraded()).toBe(third)
  const [, fresh, ofPrepared] = mirrored(service.path('mirror.jsonl')) as [Mirrored, Mirrored, Mirrored]
  expect([fresh.pid, ofPrepared.pid]).toEqual([second, third])
  return { fresh: comparable(fresh, first), ofPrepared: comparable(ofPrepared, second) }
}

/** Takes out what differs from one generation to the next. */
function comparable({ pid, ppid, env, ...seen }: Mirrored, predecessor: number): Mirrored {
  const { FLIP_GENERATION, ...variables } = env as Record<string, string>
  return {
    ...seen,
    pid: 0,
    env: variables,
    isChild: ppid === predecessor,
    hasGeneration: FLIP_GENERATION !== '',
  }
}

describe.runIf(process.platform === 'linux').concurrent('a prepared successor', { timeout: 60_000 }, () => {
  test.each([
    ['a module', 'app.mjs', { options: ['--stack-size=900'] }],
    ['CommonJS', 'app.cjs', { env: { NODE_OPTIONS: '--no-warnings --require=./preload.cjs' } }],
    [
      'the child of a shell, under a service manager',
      'app.cjs',
      { env: { NOTIFY_SOCKET: '/nobody/listens' } },
    ],
  ] as const)('sees what a fresh one sees: %s', async (_, name, launch) => {
    const { fresh, ofPrepared } = await bothWays(name, launch)
    expect(ofPrepared).toEqual(fresh)
    expect(fresh).toMatchObject({
      sockets: 1,
      argv: [process.execPath, expect.stringContaining(name), 'one', 'zwei ü'],
    })
  })

  test('loads the program that is there at the upgrade: current, and a file that was replaced', async () => {
    await using service = new FlipSandbox(prepared)
    release(service, 'release-1', '1')
    release(service, 'release-2', '2')
    symlinkSync('release-1', service.path('current'))
    const first = await service.startServing({
      command: ['sh', '-c', `cd ${service.path('current')} && exec ${process.execPath} app.mjs`],
    })
    const second = await preparedBy(service, first)
    moveLink(service, 'release-2')
    expect(await service.upgraded()).toBe(second)
    expect((await service.request()).version).toBe('2')
    expect(readlinkSync(`/proc/${second}/cwd`)).toBe(service.path('release-2'))
    const third = await preparedBy(service, second)
    rmSync(service.path('release-2'), { recursive: true })
    release(service, 'release-2', '3')
    expect(loaded(service)).toEqual([`1 ${first}`, `2 ${second}`])
    expect(await service.upgraded()).toBe(third)
    expect((await service.request()).version).toBe('3')
    expect(service.events({ type: 'prepared-successor-dropped' })).toEqual([])
  })

  test('is not used after a deploy that may delete the shellflip which it has loaded', async () => {
    await using service = new FlipSandbox()
    for (const name of ['release-1', 'release-2']) wholeRelease(service, name)
    symlinkSync('release-1', service.path('current'))
    const first = await service.startServing({ command: [process.execPath, 'current/app.mjs'] })
    const second = await preparedBy(service, first)
    expect(await service.upgraded()).toBe(second)
    const unused = await preparedBy(service, second)
    moveLink(service, 'release-2')
    expect(await service.upgraded()).not.toBe(unused)
    expect(service.events({ type: 'prepared-successor-dropped' })).toMatchObject([
      { reason: 'it has loaded shellflip from the folder of the old release' },
    ])
    rmSync(service.path('release-1'), { recursive: true })
    expect(await service.request()).toEqual({ worker: 'works', release: service.path('release-2') })
  })

  test('gets no options from an env file, so none is prepared with them', async () => {
    await using service = new FlipSandbox(prepared)
    writeFileSync(service.path('.env'), 'NODE_OPTIONS=--no-warnings')
    const pid = await service.startServing({ command: [process.execPath, '--env-file=.env', serviceScript] })
    const reason = 'an env file sets NODE_OPTIONS. Set it in the environment instead'
    const { retryMs } = await service.event({ type: 'successor-not-prepared', pid, reason })
    expect(retryMs).toBeUndefined()
  })

  test('is not used where a fresh start would inherit something else', async () => {
    await using service = await FlipSandbox.serving(prepared)
    const [first] = service.pids() as [number]
    const unused = await preparedBy(service, first)
    writeFileSync(`/proc/${first}/oom_score_adj`, '321')
    const second = await service.upgraded()
    expect(second).not.toBe(unused)
    expect(readFileSync(`/proc/${second}/oom_score_adj`, 'utf8')).toBe('321\n')
    expect(await service.event({ type: 'prepared-successor-dropped' })).toMatchObject({
      reason: 'oom_score_adj has changed',
    })
    await service.event({ type: 'alone', pid: second })
    await service.onlyLives(second, await preparedBy(service, second))
  })

  test('has nothing of the service, and ends with it', async () => {
    await using service = await FlipSandbox.serving(prepared)
    const [first] = service.pids() as [number]
    const second = await preparedBy(service, first)
    // Pipes and the rest are those of any Node.
    const held = [...openFds(second).values()].filter((target) => /^socket:|^\//.test(target))
    expect(held.map((target) => target.replace(/\[\d+\]/, '')).sort()).toEqual(
      ['/dev/null', service.path('output.txt'), service.path('output.txt'), 'socket:'].sort(),
    )
    expect(service.owners()).toEqual({ port: [first], path: [first], control: [first] })
    process.kill(first, 'SIGKILL')
    await service.onlyLives()
  })

  test('ends at a stop, which it does not delay', async () => {
    await using service = await FlipSandbox.serving(prepared)
    const [first] = service.pids() as [number]
    const second = await preparedBy(service, first)
    process.kill(first, 'SIGTERM')
    expect(await service.exitOf(first)).toEqual({ code: 0, signal: null })
    await waitFor(() => !isAlive(second))
    await service.onlyLives()
  })

  test('is not there under a launcher, which starts all generations', async () => {
    await using service = new FlipSandbox({ options: { prepareSuccessor: true, launcher: true } })
    await service.start()
    const { pid } = await service.event({ type: 'serving' })
    expect(await service.event({ type: 'successor-not-prepared', pid })).toMatchObject({
      reason: expect.stringContaining('the launcher'),
    })
    expect(await service.upgraded()).not.toBe(pid)
  })

  test('is replaced when it dies', async () => {
    await using service = await FlipSandbox.serving(prepared)
    const [first] = service.pids() as [number]
    const killed = await preparedBy(service, first)
    process.kill(killed, 'SIGKILL')
    expect(await service.event({ type: 'successor-not-prepared' })).toMatchObject({
      reason: 'it ended with SIGKILL',
      retryMs: 1_000,
    })
    const second = await waitFor(() => service.events({ type: 'successor-prepared' })[1]?.successor)
    await service.onlyLives(first, second)
    expect(await service.upgraded()).toBe(second)
  })

  test('that fails is reported as any other, and replaced', async () => {
    await using service = await FlipSandbox.serving(prepared)
    const [first] = service.pids() as [number]
    await preparedBy(service, first)
    service.plan({ at: { 'before-shellflip': 'exit 7' } })
    expect(await service.notUpgraded()).toContain('exited with 7')
    service.plan({ at: {} })
    const second = await waitFor(() => service.events({ type: 'successor-prepared' })[1]?.successor)
    await service.onlyLives(first, second)
    expect(await service.upgraded()).toBe(second)
  })
})
