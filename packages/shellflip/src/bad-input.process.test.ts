import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { encodeFrame } from '@shellflip/control-socket'
import { waitFor } from '@shellflip/testing'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import { describe, expect, test, vi } from 'vitest'
import { Deployment, type Line, type Plan } from './testing/deployment.ts'

// The tests look in /proc for what is left of a service.
const onLinux = describe.runIf(process.platform === 'linux')
// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

/** For a timeout that a test waits for, where a good successor must start within it as well: on a busy machine that takes a second. */
const awaited = { readyTimeoutMs: 5_000 }

const first: Plan = { version: '1' }
const good: Plan = { version: 'good' }

/** Upgrades to something bad, and then to something good. @returns the reason that the requester got */
async function failsAndContinues(service: Deployment, bad: Plan, thenGood: Plan = good): Promise<string> {
  const before = await service.answer()
  const reason = await service.failTo(bad)
  expect(await service.answer(), 'the old process serves on').toEqual(before)
  expect(service.processes, 'nothing is left of the successor').toEqual([before.pid])
  const pid = await service.upgradeTo(thenGood)
  expect(await service.answer()).toMatchObject({ pid, version: thenGood.version })
  return reason
}

/** The way the upgrade failed, as the service's own listener was told. */
function failureOf(service: Deployment): { type: string; error?: { code?: string } } {
  return service.lines.findLast(({ event }) => event?.outcome?.type === 'failed')?.event.outcome.failure
}

/** The start of the service is refused. */
async function refusedStart(
  service: Deployment,
  plan: Plan,
  env: NodeJS.ProcessEnv = {},
  extraFds: number[] = [],
) {
  const started = service.start(plan, { env, extraFds })
  expect(await started.exit).toEqual({ code: 7, signal: null })
  return (await service.told(({ error }) => error)).error as NonNullable<Line['error']>
}

onLinux('garbage on the control socket', () => {
  const json = (text: string) => encodeFrame(JSON.parse(text))
  test.each<[string, Buffer, RegExp | undefined]>([
    ['random bytes', randomBytes(64 * 1024), undefined],
    [
      'an endless frame',
      Buffer.concat([Buffer.from([0x7f, 0xff, 0xff, 0xff]), Buffer.alloc(4096, 0x20)]),
      undefined,
    ],
    ['no JSON', Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from('nope')]), undefined],
    ['another protocol', json('{"command":"reload"}'), /RestartFailed.*TryRestart/],
    ['an unknown request', json('{"Request":"Reboot"}'), /RestartFailed.*TryRestart/],
    ['nothing at all', Buffer.alloc(0), undefined],
  ])('%s does not block the requests of other clients', async (_, bytes, reply) => {
    await using service = new Deployment()
    const { pid } = await service.serve(first)
    const client = connect(service.controlSocket)
    client.on('error', () => {})
    await once(client, 'connect')
    client.write(bytes)
    if (reply !== undefined) {
      let heard = ''
      for await (const part of client.setEncoding('latin1')) heard += part
      expect(heard).toMatch(reply)
    }
    expect(await service.answer()).toMatchObject({ pid })
    const next = await service.upgradeTo(good)
    expect(await service.answer()).toMatchObject({ pid: next })
    client.destroy()
  })
})

onLinux('garbage on the handover channel', () => {
  test.each([
    [
      'garbage',
      /does not follow the handover protocol: this version does not know messages of kind 165/,
      'protocol',
    ],
    [
      'hello twice',
      /does not follow the handover protocol: "hello" comes where "ready" is expected/,
      'protocol',
    ],
    ['another version', /speaks version 99, .*compatible releases of @shellflip\/handover/, 'protocol'],
    ['close', /was killed by SIGKILL before it was ready/, 'exited'],
    ['half a hello', /not ready within 5000 ms/, 'not-ready'],
  ])('%s', async (deed, reason, type) => {
    await using service = new Deployment()
    await service.serve({ ...first, options: deed === 'half a hello' ? awaited : {} })
    const instead = new URL(`./testing/hostile-successor.mjs?deed=${deed}`, import.meta.url).href
    expect(await failsAndContinues(service, { version: 'hostile', instead })).toMatch(reason)
    expect(failureOf(service).type).toBe(type)
  })
})

onLinux('a handover variable that was set by hand', () => {
  test.each([
    [
      'SHELLFLIP_HANDOVER',
      '99',
      /SHELLFLIP_HANDOVER=99 does not name a handover channel .*Do not set it by hand/,
    ],
    [
      'SHELLFLIP_HANDOVER',
      'three',
      /SHELLFLIP_HANDOVER=three does not name a handover channel \(it is not a number\)/,
    ],
    ['SHELLFLIP_HANDOVER', '', /SHELLFLIP_HANDOVER= does not name a handover channel/],
    ['SHELLFLIP_HANDOVER', '-1', /SHELLFLIP_HANDOVER=-1 does not name a handover channel/],
    [
      'SHELLFLIP_HANDOVER',
      '3',
      /SHELLFLIP_HANDOVER=3 does not name a handover channel .*Do not set it by hand/,
    ],
    [
      'SHELLFLIP_HANDOVER',
      '1',
      /SHELLFLIP_HANDOVER=1 does not name a handover channel .*Do not set it by hand/,
    ],
    ['OXY_NOTIFY_SOCKET', '99', /OXY_NOTIFY_SOCKET=99 .*Do not set it by hand/],
    ['OXY_NOTIFY_SOCKET', 'x', /OXY_NOTIFY_SOCKET=x .*Do not set it by hand/],
    ['OXY_NOTIFY_SOCKET', '3', /OXY_NOTIFY_SOCKET=3 .*Do not set it by hand/],
    ['OXY_HANDOVER_PIPE', '99', /OXY_HANDOVER_PIPE=99 .*Do not set it by hand/],
    ['OXY_HANDOVER_PIPE', '3', /OXY_HANDOVER_PIPE=3 .*Do not set it by hand/],
    ['OXY_RESTART_SOCKET', '99', /OXY_RESTART_SOCKET=99 .*Do not set it by hand/],
    ['OXY_RESTART_SOCKET', '3', /OXY_RESTART_SOCKET=3 .*Do not set it by hand/],
  ])('%s=%s, where fd 3 is a regular file', async (name, value, message) => {
    await using service = new Deployment()
    const file = openSync(import.meta.filename, 'r')
    const error = await refusedStart(service, first, { [name]: value }, [file])
    closeSync(file)
    expect(error).toMatchObject({ name: 'ShellflipError', code: 'ERR_HANDOVER_ENVIRONMENT' })
    expect(error.message).toMatch(message)
  })

  test('a socket without a listener is not a predecessor', async () => {
    await using service = new Deployment()
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { _handle } = server as unknown as { _handle: { fd: number } }
    const error = await refusedStart(service, first, { SHELLFLIP_HANDOVER: '3' }, [_handle.fd])
    server.close()
    expect(error).toMatchObject({ code: 'ERR_HANDOVER_ENVIRONMENT' })
  })

  test.each([
    ['does not name a descriptor', 'SHELLFLIP_HANDOVER=99'],
    ['is set twice', 'SHELLFLIP_HANDOVER=3,3'],
    // The channel itself stays open: one that has ended is given some seconds to tell why, and Node may take longer to start.
    ['names what was closed', 'exec 9>&3 3>&-;'],
    ['names a regular file', 'exec 9>&3 3</etc/passwd;'],
  ])('one that %s on the way to a successor fails the upgrade, and not the service', async (_, wrong) => {
    await using service = new Deployment()
    const program = fileURLToPath(new URL('./testing/deployed-service.mjs', import.meta.url))
    const args = [
      '-c',
      `[ -e ${service.plan}.ok ] || { ${wrong.replace(/;?$/, ';')} }; export SHELLFLIP_HANDOVER; exec "$0" "$1"`,
    ]
    const successor = { file: '/bin/sh', args: [...args, process.execPath, program] }
    const before = await service.serve({ ...first, options: { successor } })
    expect(await service.failTo(good)).toMatch(/the successor exited with 7 before it was ready/)
    const { error } = await service.told((line) => line.error)
    expect(error).toMatchObject({ name: 'ShellflipError', code: 'ERR_HANDOVER_ENVIRONMENT' })
    expect(await service.answer()).toMatchObject({ pid: before.pid })
    writeFileSync(`${service.plan}.ok`, '')
    await service.upgradeTo(good)
  })
})

onLinux('state that the successor does not understand', () => {
  const visits = { version: 2, value: { visits: 41 } }
  test.each<[string, Plan['state'], RegExp]>([
    [
      'a successor that is older',
      { version: 1, value: null },
      /the state cannot be handed over: .*version 1/,
    ],
    ['a successor without the migration', { version: 4, value: null, migrations: [3] }, /version 2/],
    [
      'a successor of another application',
      { name: 'carts', value: null },
      /does not define the state "visits"\. Define it there/,
    ],
    ['a schema that rejects', { version: 2, schema: 'few visits', value: null }, /refused: .*visits.*5/],
  ])('%s', async (_, state, reason) => {
    await using service = new Deployment()
    await service.serve({ ...first, state: visits })
    const bad: Plan = { version: 'bad', ...(state && { state }) }
    const heard = await failsAndContinues(service, bad, { version: 'good', state: visits })
    expect(heard).toMatch(reason)
    expect(await service.answer()).toMatchObject({ state: { visits: 41 } })
  })

  test('a successor without a state says so', async () => {
    await using service = new Deployment()
    await service.serve({ ...first, state: visits })
    const reason = await failsAndContinues(
      service,
      { version: 'stateless' },
      { version: 'good', state: visits },
    )
    expect(reason).toMatch(/does not define the state "visits"/)
  })

  test.each<[string, Partial<NonNullable<Plan['state']>>, RegExp]>([
    ['save throws', { save: 'throws' }, /the state cannot be handed over: save\(\) failed: save throws/],
    [
      'save gives a promise',
      { save: 'rejects' },
      /the state cannot be handed over: save\(\) must return the state, not a promise/,
    ],
    ['save gives what the schema refuses', { saved: { visits: 'many' } }, /cannot be handed over: .*visits/],
  ])('%s: this process can never be upgraded, and keeps serving', async (_, mistake, reason) => {
    await using service = new Deployment()
    await service.serve({ ...first, state: { ...visits, ...mistake } })
    const before = await service.answer()
    for (let round = 0; round < 2; round++) {
      expect(await service.failTo({ version: 'good', state: visits })).toMatch(reason)
      expect(await service.answer()).toEqual(before)
    }
    expect(service.processes).toEqual([before.pid])
    expect(failureOf(service).type).toBe('state')
  })
})

onLinux('hooks', () => {
  test.each([
    ['throws', /the hook beforeUpgrade failed: beforeUpgrade throws/],
    ['rejects', /the hook beforeUpgrade failed: beforeUpgrade rejects/],
    ['never ends', /the hook beforeUpgrade failed: it did not finish within 300 ms/],
  ] as const)(
    'beforeUpgrade %s: no successor is started, and the undo is called once',
    async (mood, reason) => {
      await using service = new Deployment()
      const hooks = { beforeUpgrade: mood, upgradeFailed: 'tells' } as const
      const { pid } = await service.serve({ ...first, hooks, options: { readyTimeoutMs: 300 } })
      expect(await service.failTo(good)).toMatch(reason)
      expect(await service.answer()).toMatchObject({ pid })
      expect(service.lines.filter(({ hook }) => hook === 'upgradeFailed')).toHaveLength(1)
      expect(service.lines.some(({ event }) => event?.type === 'successor-started')).toBe(false)
    },
  )

  test.each([
    ['throws', 'upgradeFailed throws'],
    ['rejects', 'upgradeFailed rejects'],
    ['never ends', 'it did not finish within 5000 ms'],
  ] as const)('upgradeFailed %s: it is reported, and the next upgrade works', async (mood, message) => {
    await using service = new Deployment()
    const options = mood === 'never ends' ? awaited : {}
    await service.serve({ ...first, hooks: { upgradeFailed: mood }, options })
    const instead = 'data:text/javascript,process.exit(3)'
    expect(await failsAndContinues(service, { version: 'bad', instead })).toMatch(
      /exited with 3 before it was ready/,
    )
    const failed = service.lines.find(({ event }) => event?.type === 'hook-failed')
    expect(failed?.event).toMatchObject({ hook: 'upgradeFailed', error: { message } })
  })

  test.each(['throws', 'rejects', 'never ends'] as const)(
    'upgraded %s: the upgrade stays valid',
    async (mood) => {
      await using service = new Deployment()
      const { pid } = await service.serve({ ...first, hooks: { upgraded: mood } })
      const next = await service.upgradeTo(good)
      expect(await service.answer()).toMatchObject({ pid: next })
      expect(await service.told((line) => line.pid === pid && line.end)).toMatchObject({
        end: { type: 'upgraded' },
      })
      await waitFor(() => service.processes.length === 1)
    },
  )
})

onLinux('what the system does not give', () => {
  test('without a free descriptor the upgrade fails, the undo is called, and the service keeps serving', async () => {
    await using service = new Deployment()
    const plan: Plan = { ...first, hooks: { beforeUpgrade: 'exhausts', upgradeFailed: 'frees' } }
    service.run(plan, ['/bin/sh', '-c', 'ulimit -n 512; exec "$0" "$1"'])
    const { pid } = await service.told(({ ready }) => ready)
    for (let round = 0; round < 2; round++) {
      expect(await service.failTo(good)).toMatch(/^the upgrade cannot be done: .*EMFILE/)
      expect(failureOf(service)).toMatchObject({ type: 'system' })
      expect(await service.answer()).toMatchObject({ pid })
    }
    expect(service.lines.filter(({ hook }) => hook === 'upgradeFailed')).toHaveLength(2)
    expect(existsSync(`${service.controlSocket}.lock`)).toBe(false)
  })

  test('the longest deadline is long', async () => {
    await using service = new Deployment()
    const longest = 2 ** 31 - 1
    await service.serve({ ...first, options: { drainTimeoutMs: longest, readyTimeoutMs: longest } })
    await service.upgradeTo(good)
    await waitFor(() => service.processes.length === 1)
    expect(service.stderr).toBe('')
  })
})

onLinux('listen', () => {
  const http = { name: 'http', host: '127.0.0.1', port: 0 }

  test('a taken port fails the upgrade with the reason', async () => {
    await using service = new Deployment()
    await service.serve(first)
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const bad = { version: 'bad', sockets: [http, { host: '127.0.0.1', port }] }
    expect(await failsAndContinues(service, bad)).toMatch(
      new RegExp(`refused: cannot listen at 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`),
    )
    other.close()
  })

  test('a UNIX path that another process serves is not taken', async () => {
    await using service = new Deployment()
    await service.serve(first)
    const path = service.join('app.sock')
    const other = createServer((socket) => socket.on('error', () => {}).end('mine')).listen(path)
    await once(other, 'listening')
    const reason = await failsAndContinues(service, { version: 'bad', sockets: [http, { path }] })
    expect(reason).toMatch(
      /cannot listen at .*app\.sock: a live process listens at .*\. Stop it, or choose another path/,
    )
    const client = connect(path).setEncoding('latin1')
    expect((await once(client, 'data'))[0]).toBe('mine')
    other.close()
  })

  test('a UNIX path that a dead process left is taken over; a symbolic link, or a file, is not', async () => {
    await using dead = new Deployment()
    const path = dead.join('app.sock')
    const { pid } = await dead.serve({ ...first, sockets: [{ path }] })
    process.kill(pid, 'SIGKILL')
    await waitFor(() => dead.processes.length === 0)
    await using service = new Deployment()
    await service.serve(first)
    const link = service.join('link.sock')
    symlinkSync(path, link)
    const reason = await service.failTo({ version: 'bad', sockets: [http, { path: link }] })
    expect(reason).toMatch(/link\.sock is a symbolic link, not a socket\. Choose another path/)
    const file = service.join('file.sock')
    writeFileSync(file, 'mine')
    expect(await service.failTo({ version: 'bad', sockets: [http, { path: file }] })).toMatch(
      /is a regular file/,
    )
    expect(readFileSync(file, 'utf8')).toBe('mine')
    const next = await service.upgradeTo({ version: 'good', sockets: [http, { path }] })
    expect(await service.answer({ path })).toMatchObject({ pid: next })
  })

  test.each([
    [{}, 'ERR_INVALID_ARGUMENT', /takes a port, a path, or the name/],
    [
      { host: '127.0.0.1', port: 0 },
      'ERR_INVALID_ARGUMENT',
      /port 0 is a different port each time\. Give it a name/,
    ],
    [
      { name: 'web' },
      'ERR_NO_SUCH_SOCKET',
      /no socket named web was passed\. .*FileDescriptorName=.* or give a port/,
    ],
    [{ host: '127.0.0.1', port: 70_000 }, 'ERR_INVALID_ARGUMENT', /^port must be .*, not 70000/],
    [
      { host: 'no.such.host.invalid', port: 1 },
      'ERR_CANNOT_LISTEN',
      /cannot listen at no\.such\.host\.invalid:1/,
    ],
    [{ path: `/tmp/${'x'.repeat(200)}` }, 'ERR_CANNOT_LISTEN', /cannot listen at .*bytes/],
    [{ path: '/no/such/folder/s' }, 'ERR_CANNOT_LISTEN', /cannot listen at .*ENOENT/],
  ])('%j', async (address, code, message) => {
    await using service = new Deployment()
    const error = await refusedStart(service, { ...first, sockets: [address] })
    expect(error).toMatchObject({ name: 'ListenersError', code })
    expect(error.message).toMatch(message)
  })
})

onLinux('the control socket', () => {
  test('a folder that others can write is refused', async () => {
    await using service = new Deployment()
    const folder = service.join('shared')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    const options = { controlSocket: `${folder}/s` }
    const error = await refusedStart(service, { ...first, options })
    expect(error).toMatchObject({ name: 'ControlSocketError', code: 'ERR_CONTROL_FORBIDDEN' })
    expect(error.message).toMatch(/can be written by others .*chmod go-w/)
    await using running = new Deployment()
    await running.serve(first)
    expect(await failsAndContinues(running, { version: 'bad', options })).toMatch(/can be written by others/)
  })

  test('a symbolic link in its place is refused', async () => {
    await using service = new Deployment()
    symlinkSync(service.join('elsewhere'), service.controlSocket)
    const error = await refusedStart(service, first)
    expect(error).toMatchObject({ code: 'ERR_CONTROL_PATH_IN_USE' })
    expect(error.message).toMatch(/is a symbolic link, not a socket\. Choose another path/)
  })

  test('of a live instance it is not taken', async () => {
    await using service = new Deployment()
    const { pid } = await service.serve(first)
    await using second = new Deployment()
    const error = await refusedStart(second, { ...first, options: { controlSocket: service.controlSocket } })
    expect(error).toMatchObject({ code: 'ERR_CONTROL_PATH_IN_USE' })
    expect(await service.answer()).toMatchObject({ pid })
    await service.upgradeTo(good)
  })

  test('a lock that another live process holds: refused, with its pid', async () => {
    await using service = new Deployment()
    const { pid } = await service.serve(first)
    const outcome = UpgradeLock.tryAcquire({ path: `${service.controlSocket}.lock` })
    if (outcome.type !== 'acquired') throw new Error('the lock is held')
    expect(await service.failTo(good)).toMatch(
      new RegExp(`an upgrade is in progress: .*restart\\.sock\\.lock is held by pid ${process.pid} since `),
    )
    outcome.lock.release()
    expect(await service.answer()).toMatchObject({ pid })
    await service.upgradeTo(good)
  })

  test('a lock file that is none: refused with the reason, and what is there stays', async () => {
    await using service = new Deployment()
    const { pid } = await service.serve(first)
    mkdirSync(`${service.controlSocket}.lock`)
    expect(await service.failTo(good)).toMatch(/restart\.sock\.lock/)
    expect(await service.answer()).toMatchObject({ pid })
  })
})

onLinux('calls out of turn', () => {
  test('shellflip() twice', async () => {
    await using service = new Deployment()
    await service.serve({ ...first, twice: true })
    const { error } = await service.told((line) => line.error)
    expect(error).toMatchObject({
      code: 'ERR_CALLED_TWICE',
      message: 'shellflip() was called before in this process. Call it once.',
    })
  })

  test('ready() twice: the service keeps serving', async () => {
    await using service = new Deployment()
    const { pid } = await service.serve({ ...first, readyTwice: true })
    const { error } = await service.told((line) => line.error)
    expect(error).toMatchObject({
      code: 'ERR_CALLED_TWICE',
      message: 'flip.ready() was called before. Call it once.',
    })
    expect(await service.answer()).toMatchObject({ pid })
  })

  test('upgrade() before ready()', async () => {
    await using service = new Deployment()
    await service.serve({ ...first, upgradeBeforeReady: true })
    const { outcome } = await service.told((line) => line.outcome)
    expect(outcome).toMatchObject({ type: 'refused', reason: 'not-ready' })
    await service.upgradeTo(good)
  })

  test('options that are wrong', async () => {
    await using service = new Deployment()
    const error = await refusedStart(service, { ...first, options: { readyTimeoutMs: 0 } })
    expect(error).toMatchObject({ name: 'ShellflipError', code: 'ERR_INVALID_ARGUMENT' })
  })
})
