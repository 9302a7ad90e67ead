import { freePort } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { Deployment, type Plan, type PlannedSocket } from './testing/deployment.ts'

// The tests look in /proc for what is left of a service.
const onLinux = describe.runIf(process.platform === 'linux')
// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

const http: PlannedSocket = { name: 'http', host: '127.0.0.1', port: 0 }

const port = await freePort('127.0.0.1')

/** Mistakes in the program of a new version before `flip.ready()`, each with the report of the upgrade. */
const mistakes: [string, string, RegExp][] = [
  [
    'listens with a server and gives it to flip.listen()',
    `const server = createServer()
     server.listen(0, '127.0.0.1')
     await flip.listen(server, { name: 'other', port: 0 })`,
    /the program calls server\.listen\(0, 127\.0\.0\.1\) itself.*Remove the call/,
  ],
  [
    'gives a server to flip.listen() and listens with it',
    `const server = createServer()
     await flip.listen(server, { name: 'other', port: 0 })
     server.listen(0, 'localhost')`,
    /the program calls server\.listen\(0, localhost\) itself.*Remove the call/,
  ],
  [
    'gives one server for two addresses',
    `const server = createServer()
     await flip.listen(server, { name: 'one', port: 0 })
     await flip.listen(server, { name: 'two', port: 0 })`,
    /one server is given to listen\(\) for two addresses\. Create another server/,
  ],
  [
    'gives one address twice',
    `await flip.listen(createServer(), { host: '127.0.0.1', port: ${port} })
     await flip.listen(createServer(), { host: '127.0.0.1', port: ${port} })`,
    new RegExp(`tcp://127\\.0\\.0\\.1:${port} is given to listen\\(\\) or bind\\(\\) twice`),
  ],
  [
    'gives an Express app',
    'await flip.listen(() => {}, { port: 0, name: "app" })',
    /not a function\. Pass createServer\(app\), not the app/,
  ],
  ['gives a port as a string', 'await flip.listen(createServer(), { port: "8080" })', /port .*not "8080"/],
  [
    'binds a UDP socket and gives it to flip.bind()',
    `const socket = createSocket('udp4')
     await new Promise((resolve) => socket.bind(0, resolve))
     await flip.bind(socket, { name: 'udp', port: 0 })`,
    /the program calls socket\.bind\(0\) itself/,
  ],
  [
    'gives a closed UDP socket',
    `const socket = createSocket('udp4')
     await new Promise((resolve) => socket.close(resolve))
     await flip.bind(socket, { name: 'udp', port: 0 })`,
    /closed\. Create another one/,
  ],
  [
    'closes a UDP socket that it gave',
    `const socket = createSocket('udp4')
     await flip.bind(socket, { name: 'udp', port: 0 })
     socket.close()`,
    /closed\. Create another one/,
  ],
  [
    'listens at a port of its own',
    `createServer().listen(${port}, '127.0.0.1')`,
    new RegExp(
      `the program calls listen\\(${port}, 127\\.0\\.0\\.1\\) itself.*Pass the server to flip\\.listen`,
    ),
  ],
  [
    'listens at a port of its own that its predecessor has, and ignores the error',
    `const { port } = (await flip.listen(createServer(), { name: 'taken', port: 0 }))
     createServer().on('error', () => {}).listen(port)`,
    /the program calls listen\(\d+\) itself/,
  ],
  [
    'listens at a UNIX path of its own',
    `createServer().listen(process.env.DEPLOYED + '.sock')`,
    /the program calls listen\(.*\.sock\) itself/,
  ],
  [
    'binds a UDP port of its own',
    `createSocket('udp4').bind({ port: ${port}, address: '127.0.0.1' })`,
    new RegExp(`the program calls bind\\(${port}, 127\\.0\\.0\\.1\\) itself.*flip\\.bind`),
  ],
  [
    'listens where its predecessor does, as an Express app does',
    `const { port } = (await flip.listen(createServer(), { name: 'taken', port: 0 }))
     createServer().listen(port)`,
    /the program calls listen\(\d+\) itself.*Pass the server to flip\.listen/,
  ],
  [
    'gives a mode as a string',
    `await flip.listen(createServer(), { path: process.env.DEPLOYED + '.sock', mode: '666' })`,
    /mode must be permission bits such as 0o660, not "666"/,
  ],
  [
    'opens a descriptor by a function that throws nothing',
    'await flip.open("x", () => { throw undefined })',
    /undefined/,
  ],
  [
    'throws in the next turn',
    'setImmediate(() => { throw new Error("late") })',
    /exited with 1 before it was ready\. Its standard error has the reason\.$/,
  ],
  ['throws in the next tick', 'process.nextTick(() => { throw new Error("late") })', /exited with 1/],
  ['rejects a promise that nobody looks at', 'Promise.reject(new Error("late"))', /exited with 1/],
  [
    'listens where its predecessor does, and nobody looks at the error',
    `const { port } = (await flip.listen(createServer(), { name: 'taken', port: 0 }))
     createServer().listen({ port, host: 'localhost' })`,
    /the program calls listen\(\d+, localhost\) itself/,
  ],
  [
    'exits when its server begins to listen',
    `const server = createServer().once('listening', () => process.exit(9))
     await flip.listen(server, { name: 'other', port: 0 })`,
    /exited with 9/,
  ],
  [
    'throws when its server begins to listen',
    `const server = createServer().once('listening', () => { throw new Error('no') })
     await flip.listen(server, { name: 'other', port: 0 })`,
    /exited with/,
  ],
]

onLinux('the predecessor keeps serving, and the next upgrade succeeds, when the new version', () => {
  test.each(mistakes)('%s', async (_, also, reason) => {
    await using service = new Deployment()
    const { pid } = await service.serve({ version: '1', sockets: [http] })
    expect(await service.failTo({ version: '2', sockets: [http], also })).toMatch(reason)
    expect(await service.answer()).toMatchObject({ pid, version: '1' })
    expect(service.processes).toEqual([pid])
    const next = await service.upgradeTo({ version: '3', sockets: [http] })
    expect(await service.answer()).toMatchObject({ pid: next, version: '3' })
  })
})

/** Mistakes in the program of a new version before it gives anything to the service. */
const earlyMistakes: [string, Plan, RegExp][] = [
  [
    'misspells an option',
    { version: '2', options: { readyTimeout: 5 } },
    /refused: shellflip\(\) has no option "readyTimeout"\. Did you mean "readyTimeoutMs"\?/,
  ],
  [
    'gives an option a wrong value',
    { version: '2', options: { maxDraining: '3' } },
    /refused: maxDraining must be a whole number from 1 on, not "3"/,
  ],
  [
    'forgets flip.ready() and exits',
    { version: '2', instead: new URL('./testing/forgets-ready.mjs?exits', import.meta.url).href },
    /exited with 0 before it was ready\. It must call flip\.ready\(\) when the service can serve/,
  ],
  [
    'forgets flip.ready() and lives',
    { version: '2', instead: new URL('./testing/forgets-ready.mjs', import.meta.url).href },
    /not ready within 2500 ms\. It called shellflip\(\), but not yet flip\.ready\(\)/,
  ],
  [
    'waits for what never comes',
    { version: '2', also: 'await new Promise(() => {})' },
    /exited with 13 before it was ready: it awaited a promise that never settles/,
  ],
]

onLinux('the requester gets the mistake, and the predecessor keeps serving, when the new version', () => {
  test.each(earlyMistakes)('%s', async (_, plan, reason) => {
    await using service = new Deployment()
    const options = plan.instead?.endsWith('forgets-ready.mjs') ? { readyTimeoutMs: 2_500 } : {}
    const { pid } = await service.serve({ version: '1', sockets: [http], options })
    expect(await service.failTo({ sockets: [http], ...plan })).toMatch(reason)
    expect(await service.answer()).toMatchObject({ pid, version: '1' })
  })
})

onLinux('an upgrade succeeds when the new version', () => {
  test.each([
    ['listens at port 0 of its own', `createServer().listen(0, '127.0.0.1')`],
    [
      'listens at a UNIX path with its pid',
      `createServer().listen(process.env.DEPLOYED + process.pid + '.sock')`,
    ],
    ['sends datagrams', `createSocket('udp4').send('x', 9, '127.0.0.1')`],
    ['shares a UDP port on purpose', `createSocket({ type: 'udp4', reuseAddr: true }).bind(${port})`],
    [
      'looks for a free port',
      `await new Promise((done) => { const probe = createServer().listen(${port}, () => probe.close(done)) })`,
    ],
  ])('%s', async (_, also) => {
    await using service = new Deployment()
    await service.serve({ version: '1', sockets: [http] })
    const pid = await service.upgradeTo({ version: '2', sockets: [http], also })
    expect(await service.answer()).toMatchObject({ pid, version: '2' })
  })
})

onLinux('a first start', () => {
  test('is warned of a server that it cannot hand over', async () => {
    await using service = new Deployment()
    const also = `createServer().listen(${port}, '127.0.0.1')`
    expect((await service.serve({ version: '1', sockets: [http], also })).error).toBeUndefined()
    const warning = service.lines.find(({ event }) => event?.type === 'unmanaged-server')
    expect(warning?.event.message).toContain(`the program calls listen(${port}, 127.0.0.1) itself`)
    expect(service.stderr).toContain('SHELLFLIP_UNMANAGED_SERVER')
  })

  test('fails if it gives a server that listens', async () => {
    await using service = new Deployment()
    const also = `const server = createServer().listen(0); await flip.listen(server, { name: 'x', port: 0 })`
    const { error } = await service.serve({ version: '1', sockets: [http], also })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})
