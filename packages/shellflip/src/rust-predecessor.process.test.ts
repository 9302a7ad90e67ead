import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, Socket } from 'node:net'
import { ask } from '@shellflip/control-socket'
import { listenTcp, listenUnix, type OwnedFd, pipe } from '@shellflip/fd-passing'
import { defineState, toBuffer } from '@shellflip/state-serialization'
import { isAlive, temporaryFolder, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from '@shellflip/upgrader/rust'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Deployment, type Plan } from './testing/deployment.ts'

// The tests look in /proc for what is left of a service.
const onLinux = describe.runIf(process.platform === 'linux')
// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

/** Where the successor of a Rust service finds what: LISTEN_FDS count from 3 on. */
const fds = { listeners: [3, 4], notify: 5, handover: 6, restart: 7 }

const plan: Plan = {
  version: 'ours',
  sockets: [
    { name: 'web', host: '127.0.0.1', port: 1 },
    { name: 'admin', host: '127.0.0.1', port: 1 },
  ],
}

/** The descriptors that a service of the Rust crate gives to the successor that it starts. */
class RustService implements AsyncDisposable {
  readonly deployment = new Deployment()
  readonly notify = pipe()
  readonly handover = pipe()
  readonly control = listenUnix({ path: this.deployment.controlSocket, mode: 0o600 })
  readonly listeners = [0, 1].map(() => listenTcp({ host: '127.0.0.1', port: 0 }))
  /** The bytes that came on the notify pipe until its end. */
  #heard: Promise<string> | undefined

  /** Starts the successor as the crate does, and writes these bytes for it. */
  start(successor: Plan, bytes: Buffer = Buffer.alloc(0), names = 'web:admin') {
    const given = [...this.listeners, this.notify.writer, this.handover.reader, this.control]
    const started = this.deployment.start(successor, {
      env: {
        OXY_NOTIFY_SOCKET: String(fds.notify),
        OXY_HANDOVER_PIPE: String(fds.handover),
        OXY_RESTART_SOCKET: String(fds.restart),
        LISTEN_PID: 'auto',
        LISTEN_FDS: '2',
        LISTEN_FDNAMES: names,
      },
      extraFds: given.map(({ fd }) => fd),
    })
    this.notify.writer.close()
    this.handover.reader.close()
    const writing = socketOf(this.handover.writer, 'write')
    writing.on('error', () => {}).end(bytes)
    return started
  }

  /** The successor's word: `1`, or nothing if it has failed. */
  get heard(): Promise<string> {
    this.#heard ??= read(socketOf(this.notify.reader, 'read'))
    return this.#heard
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]()
    await this.heard
    this.control.close()
    for (const fd of this.listeners) fd.close()
  }
}

function socketOf(end: OwnedFd, way: 'read' | 'write'): Socket {
  return new Socket({ fd: end.release(), readable: way === 'read', writable: way === 'write' })
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('latin1')
}

const Visits = defineState({ name: 'visits', version: 1, schema: z.object({ visits: z.number() }) })

onLinux('the successor of a Rust service', () => {
  test('takes its listeners, its own bytes and its coordination socket over, and says one byte', async () => {
    await using rust = new RustService()
    rust.start({ ...plan, fromRust: true, state: { value: null } }, Buffer.from('41'))
    expect(await rust.heard).toBe('1')
    const { pid } = await rust.deployment.told(({ ready }) => ready)
    for (const where of rust.deployment.opened(pid)) {
      expect(await rust.deployment.answer(where)).toEqual({ pid, version: 'ours', state: { visits: 41 } })
    }
    const taken = rust.deployment.lines.find(({ event }) => event?.type === 'taken-over')?.event
    expect(taken.predecessor).toEqual({ pid: process.pid, version: 'unknown (Rust)' })
    const next = await rust.deployment.upgradeTo({ ...plan, version: 'next', state: { value: null } })
    for (const where of rust.deployment.opened(next)) {
      expect(await rust.deployment.answer(where)).toMatchObject({ pid: next, state: { visits: 41 } })
    }
  })

  test('reads the bytes as its own state where nothing else is said', async () => {
    await using rust = new RustService()
    const bytes = await toBuffer(Visits.encode({ visits: 7 }))
    rust.start({ ...plan, state: { value: null } }, bytes)
    expect(await rust.heard).toBe('1')
    expect(await rust.deployment.told(({ ready }) => ready)).toMatchObject({ state: { visits: 7 } })
  })

  test('begins anew if the service hands nothing over', async () => {
    await using rust = new RustService()
    rust.start({ ...plan, state: { value: { visits: 0 } } })
    expect(await rust.heard).toBe('1')
    expect(await rust.deployment.told(({ ready }) => ready)).toMatchObject({ state: { visits: 0 } })
  })

  test.each<[string, Plan, Buffer]>([
    ['it crashes', { ...plan, instead: 'data:text/javascript,process.exit(3)' }, Buffer.alloc(0)],
    ['its state is foreign', { ...plan, state: { value: null } }, Buffer.from('no state of ours')],
    ['a port is taken', { ...plan, sockets: [{ path: '/no/such/folder/s' }] }, Buffer.alloc(0)],
  ])('the pipe ends without a byte if %s', async (_, bad, bytes) => {
    await using rust = new RustService()
    const started = rust.start(bad, bytes)
    expect(await rust.heard).toBe('')
    expect((await started.exit).code).toBeGreaterThan(0)
    const client = connect(rust.deployment.controlSocket)
    await once(client, 'connect')
    client.destroy()
  })

  test('nothing of it is left in the environment, nor inherited by what the successor starts', async () => {
    await using rust = new RustService()
    rust.start({ ...plan, hooks: { beforeUpgrade: 'spawns' } })
    expect(await rust.heard).toBe('1')
    const { pid } = await rust.deployment.told(({ ready }) => ready)
    const next = await rust.deployment.upgradeTo({ ...plan, version: 'next' })
    const { spawned } = await rust.deployment.told((line) => line.pid === pid && line.spawned)
    expect(spawned?.environment.filter((name) => /^(OXY_|LISTEN_)/.test(name))).toEqual([])
    expect(spawned?.fds.filter((fd) => Number(fd) <= fds.restart)).toEqual(['0', '1', '2'])
    expect(readFileSync(`/proc/${next}/environ`, 'latin1')).not.toMatch(/OXY_|LISTEN_/)
  })

  test('the end of the Rust process is reported', async () => {
    await using rust = new Deployment()
    const notify = pipe()
    const heard = read(socketOf(notify.reader, 'read'))
    // The shell is the Rust service: it starts the successor, and waits for a line.
    const shell = rust.run(
      { version: 'ours' },
      [
        '/bin/sh',
        '-c',
        `mkfifo ${rust.join('end')}; "$0" "$1" & exec 3>&-; read _ < ${rust.join('end')}; exit 0`,
      ],
      { env: { OXY_NOTIFY_SOCKET: '3' }, extraFds: [notify.writer.fd] },
    )
    notify.writer.close()
    expect(await heard).toBe('1')
    await rust.told(({ ready }) => ready)
    expect(rust.lines.some(({ event }) => event?.type === 'predecessor-exited')).toBe(false)
    expect(isAlive(shell.pid)).toBe(true)
    writeFileSync(rust.join('end'), '\n')
    await rust.told(({ event }) => event?.type === 'predecessor-exited')
    await waitFor(() => !isAlive(shell.pid))
  })
})

onLinux('the coordination protocol, byte for byte', () => {
  const request = Buffer.from('\0\0\0\x18{"Request":"TryRestart"}', 'latin1')
  const frame = (json: string) => `\0\0\0${String.fromCharCode(json.length)}${json}`

  async function said(path: string): Promise<string> {
    const client = connect(path)
    client.write(request)
    return read(client)
  }

  test('a client of the crate restarts our service, and gets the reason of a failure', async () => {
    await using service = new Deployment()
    const { pid } = await service.serve({ version: '1' })
    service.deploy({ version: 'bad', instead: 'data:text/javascript,process.exit(3)' })
    expect(await said(service.controlSocket)).toBe(
      frame(
        '{"Response":{"RestartFailed":"the successor exited with 3 before it was ready. Its standard error has the reason."}}',
      ),
    )
    service.deploy({ version: '2' })
    const reply = await said(service.controlSocket)
    const next = await service.answer()
    expect(next.pid).not.toBe(pid)
    expect(reply).toBe(frame(`{"Response":{"RestartComplete":${next.pid}}}`))
  })

  test('our client restarts a service of the crate', async () => {
    using folder = temporaryFolder()
    const heard: string[] = []
    const rust = createServer((client) => {
      client.once('data', (bytes) => {
        heard.push(bytes.toString('latin1'))
        client.end(frame('{"Response":{"RestartComplete":4242}}'), 'latin1')
      })
    }).listen(folder.join('s'))
    await once(rust, 'listening')
    const reply = await ask({
      path: folder.join('s'),
      protocol: shellflipProtocol,
      request: { Request: 'TryRestart' },
    })
    rust.close()
    expect(reply).toEqual({ Response: { RestartComplete: 4242 } })
    expect(heard).toEqual([request.toString('latin1')])
  })
})
