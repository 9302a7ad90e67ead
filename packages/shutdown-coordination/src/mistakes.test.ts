import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { describe, expect, test } from 'vitest'
import { ShutdownCoordinator } from './index.ts'

const refused = (message: RegExp) =>
  expect.objectContaining({
    name: 'ShutdownCoordinationError',
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })

const call = {
  coordinator: (options: unknown) => new ShutdownCoordinator(options as never),
  task: (options: unknown) => new ShutdownCoordinator().task('x', options as never),
  server: (options: unknown) => new ShutdownCoordinator().watch(http.createServer(), options as never),
  drain: (options: unknown) => new ShutdownCoordinator().onDrain('x', async () => {}, options as never),
  shutdown: (options: unknown) => new ShutdownCoordinator().shutdown(options as never),
  shutdownNow: (options: unknown) => new ShutdownCoordinator().shutdownNow(options as never),
}

describe('options', () => {
  test.each([
    ['coordinator', { drainTimeout: 1 }, /has no option "drainTimeout"\. Did you mean "drainTimeoutMs"\?/],
    ['coordinator', { drainTimeoutMs: '5000' }, /drainTimeoutMs must be a number of milliseconds/],
    [
      'coordinator',
      { drainTimeoutMs: Number.POSITIVE_INFINITY },
      /drainTimeoutMs must be at most 2147483647/,
    ],
    ['coordinator', 5_000, /takes its options as an object, not 5000/],
    ['task', { week: true }, /task\(\) has no option "week"\. Did you mean "weak"\?/],
    ['server', { linger: 5 }, /watch\(\) has no option "linger"\. Did you mean "lingerMs"\?/],
    ['server', { lingerMs: -1 }, /lingerMs must be a number of milliseconds from 0 on, not -1/],
    ['server', { drainUpgraded: 'close' }, /drainUpgraded must be a function, not "close"/],
    ['server', { drainSocket: () => {} }, /drainSocket is for servers of node:net and node:tls/],
    ['server', { moveConnections: () => {} }, /moveConnections must be true or false, not a function/],
    ['shutdown', { moveConnections: true }, /moveConnections must be a function, not true/],
    ['server', { name: '' }, /its name must be a text that is not empty/],
    ['drain', { afer: 'servers' }, /onDrain\("x"\) has no option "afer"\. Did you mean "after"\?/],
    ['drain', { after: 'server' }, /waits for "server", which is not registered\. Did you mean "servers"\?/],
    ['drain', { after: ['servers', 'kafka'] }, /waits for "kafka", .* Register that first\./],
    ['drain', { after: 'x' }, /onDrain\("x"\) waits for "x", which is not registered/],
    ['drain', { after: 'servers', reserveMs: Number.NaN }, /reserveMs must be a number of milliseconds/],
    ['drain', { after: [['servers']] }, /waits for an array, which is not registered/],
    ['coordinator', Promise.resolve({ drainTimeoutMs: 5 }), /as an object, not an object of class Promise/],
    ['shutdown', { timeoutMs: 5 }, /shutdown\(\) has no option "timeoutMs"/],
    ['shutdown', 'SIGTERM', /shutdown\(\) takes its options as an object, not "SIGTERM"/],
    ['shutdownNow', { drainTimeoutMs: 5 }, /shutdownNow\(\) has no option "drainTimeoutMs"/],
  ] as const)('of %s: %j is refused', (what, options, message) => {
    expect(() => call[what](options)).toThrow(refused(message))
  })

  test('that a getter gives have the right type as well', () => {
    const options = {
      get lingerMs() {
        return '5'
      },
    }
    expect(() => call.server(options)).toThrow(refused(/lingerMs must be a number of milliseconds/))
  })

  test('that only HTTP knows are refused for other servers', () => {
    expect(() => new ShutdownCoordinator().watch(net.createServer(), { drainUpgraded: () => {} })).toThrow(
      refused(/drainUpgraded is for HTTP servers\. Use drainSocket\./),
    )
  })
})

describe('what is registered', () => {
  test.each<[string, net.Server, RegExp]>([
    ['https', https.createServer(), /watch\(\): TLS connections cannot move/],
    ['tls', tls.createServer(), /watch\(\): TLS connections cannot move/],
    ['http2', http2.createServer(), /HTTP\/2 connections cannot move/],
  ])('cannot move connections: those of %s have state in this process', (_, server, message) => {
    const coordinator = new ShutdownCoordinator()
    expect(() => coordinator.watch(server, { moveConnections: true })).toThrow(refused(message))
  })

  test.each([
    [undefined, /not undefined\. Pass what ends it: \(\) => pool\.end\(\)\.$/],
    [Promise.resolve(), /not an object of class Promise\./],
    [{ close: () => {} }, /an object with a drain\(\) method, not an object\./],
  ])('cannot be drained: %s', (work, message) => {
    const coordinator = new ShutdownCoordinator()
    expect(() => coordinator.onDrain('x', work as never)).toThrow(refused(message))
  })

  test.each([
    [{}, /not an object\. Register anything else with onDrain\(\)\.$/],
    [undefined, /not undefined\./],
    [{ listening: true }, /not an object\./],
    [() => {}, /not a function\. Pass createServer\(app\), or what app\.listen\(\) returns\.$/],
    [{ server: http.createServer() }, /not an object\. Pass its server property\.$/],
    [new net.Socket(), /not an object of class Socket\./],
  ])('is not a server: %s', (server, message) => {
    const coordinator = new ShutdownCoordinator()
    expect(() => coordinator.watch(server as never)).toThrow(refused(message))
  })

  test('has a name that nothing else has, until it is taken back', () => {
    const coordinator = new ShutdownCoordinator()
    const queue = coordinator.onDrain('queue', async () => {})
    expect(() => coordinator.onDrain('queue', async () => {})).toThrow(
      refused(/"queue" is registered already/),
    )
    expect(() => coordinator.watch(http.createServer(), { name: 'queue' })).toThrow(
      refused(/"queue" is registered already/),
    )
    queue.remove()
    expect(() => coordinator.onDrain('queue', async () => {})).not.toThrow()
    expect(() => coordinator.onDrain('servers', async () => {})).toThrow(
      refused(/"servers" is the name of all servers/),
    )
    expect(() => coordinator.task(undefined as never)).toThrow(refused(/must be a text .* not undefined/))
    expect(() => coordinator.onDrain(5 as never, async () => {})).toThrow(refused(/must be a text/))
  })

  test('is named by number if it is a server without a name', async () => {
    const coordinator = new ShutdownCoordinator()
    for (let n = 0; n < 3; n += 1) coordinator.watch(http.createServer())
    const { servers } = await coordinator.shutdown()
    expect(servers.map(({ name }) => name)).toEqual(['server', 'server 2', 'server 3'])
  })

  test('is one server once, and no listener of ours stays after a refusal', () => {
    const coordinator = new ShutdownCoordinator()
    const server = http.createServer()
    const registration = coordinator.watch(server, { name: 'web' })
    const listeners = server.listenerCount('connection')
    expect(() => coordinator.watch(server)).toThrow(refused(/registered already, as "web"/))
    expect(server.listenerCount('connection')).toBe(listeners)
    registration.remove()
    expect(() => coordinator.watch(server)).not.toThrow()
  })

  test('after the end is refused, since nothing would drain it', async () => {
    const coordinator = new ShutdownCoordinator()
    await coordinator.shutdown()
    const server = http.createServer()
    const tooLate = expect.objectContaining({ code: 'ERR_TOO_LATE' })
    expect(() => coordinator.watch(server)).toThrow(tooLate)
    expect(server.listenerCount('connection')).toBe(1)
    expect(() => coordinator.onDrain('x', async () => {})).toThrow(tooLate)
  })

  test('after the end is a task with a signal that has aborted', async () => {
    const coordinator = new ShutdownCoordinator()
    await coordinator.shutdown()
    using task = coordinator.task('late')
    expect(task.signal.aborted).toBe(true)
  })
})

describe('signals', () => {
  const counts = () => process.eventNames().map((event) => [event, process.listenerCount(event)])

  test.each([
    [['SIGTERM', 'SIGKILL'], /no process can catch SIGKILL/],
    [['SIGTERM', 'SIGSTOP'], /no process can catch SIGSTOP/],
    [['SIGTERM', 'SIGTREM'], /"SIGTREM" is not a signal of this system\. Did you mean "SIGTERM"\?/],
    [['SIGTERM', 'sigint'], /"sigint" is not a signal of this system\. Did you mean "SIGINT"\?/],
    [['SIGTERM', undefined], /undefined is not a signal/],
    [['SIGTERM', 15], /15 is not a signal/],
    [['SIGTERM', ['SIGINT']], /an array is not a signal/],
    [['SIGTERM', 'SIGSEGV'], /SIGSEGV reports a fault/],
    ['SIGTERM', /takes a list of signals, not "SIGTERM"/],
    [[], /takes a list of signals, not an array/],
  ])('%j are refused, and none is listened for', (signals, message) => {
    const before = counts()
    expect(() => new ShutdownCoordinator().onSignals(signals as never)).toThrow(refused(message))
    expect(counts()).toEqual(before)
  })

  test('named twice are listened for once, until the last registration is taken back', async () => {
    const before = counts()
    const coordinator = new ShutdownCoordinator()
    const first = coordinator.onSignals(['SIGUSR2', 'SIGUSR2'])
    const second = coordinator.onSignals(['SIGUSR2'])
    expect(process.listenerCount('SIGUSR2')).toBe(1)
    first.remove()
    first.remove()
    expect(process.listenerCount('SIGUSR2')).toBe(1)
    using _task = coordinator.task('task')
    process.emit('SIGUSR2', 'SIGUSR2')
    expect(coordinator.signal.aborted).toBe(true)
    expect(coordinator.deadline.aborted).toBe(false)
    second.remove()
    expect(counts()).toEqual(before)
  })

  test('are left alone after the end', async () => {
    const before = counts()
    const coordinator = new ShutdownCoordinator()
    coordinator.onSignals(['SIGUSR2'])
    await coordinator.shutdown()
    coordinator.onSignals(['SIGUSR2'])
    expect(counts()).toEqual(before)
  })
})
