import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { isAlive, openFds, processState, waitFor } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { ask, childrenOf, type Generation, LaunchedService, program } from '../testing/launched-service.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

function launched(env: NodeJS.ProcessEnv = {}): LaunchedService {
  return LaunchedService.start([process.execPath, program], { env: { LAUNCHER: 'true', ...env } })
}

/** Asks the launcher for it, as everybody does who knows the first process only. */
async function upgrade(service: LaunchedService): Promise<Generation> {
  const count = service.generations.length
  service.process.kill('SIGUSR2')
  const next = await service.generation(count + 1)
  await service.process.printed(new RegExp(`"upgraded","pid":${next.pid}`))
  return next
}

/** Beside its standard streams, which are sockets here. */
function socketsOf(pid: number): string[] {
  return [...openFds(pid)].flatMap(([fd, target]) => (fd > 2 && target.startsWith('socket:') ? [target] : []))
}

describe('the launcher', () => {
  it('starts every generation, reaps it, and ends with the status of the last', async () => {
    await using service = launched()
    const first = await service.generation(1)
    expect(first).toMatchObject({ parent: service.process.pid })
    expect(await ask(first.port)).toBe(String(first.pid))
    const second = await upgrade(service)
    expect(second).toMatchObject({ parent: service.process.pid, port: first.port })
    expect(await ask(first.port)).toBe(String(second.pid))
    await waitFor(() => processState(first.pid) === undefined, { what: 'the first generation, reaped' })
    expect(childrenOf(service.process.pid)).toEqual([second.pid])
    service.process.kill('SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('and its generation may both get a stop signal, as systemd does it: requests in flight are finished', async () => {
    await using service = launched()
    const { pid, port } = await service.generation(1)
    const answer = ask(port, '/slow')
    await service.process.printed(/asked for \/slow/)
    process.kill(pid, 'SIGTERM')
    service.process.kill('SIGTERM')
    expect(await answer).toBe('slow')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('lives on with a generation that says what no version would: it starts no successor, and passes on a stop', async () => {
    const code = `import { writeSync } from 'node:fs'
      const { SHELLFLIP_LAUNCHER: fd } = process.env
      if (fd !== undefined) writeSync(Number(fd), 'babble\\n')`
    const babble = `data:text/javascript,${encodeURIComponent(code)}`
    await using service = LaunchedService.start([process.execPath, '--import', babble, program], {
      env: { LAUNCHER: 'true' },
    })
    const { pid, port } = await service.generation(1)
    // When the launcher has heard it, it has ended the link: only the generation's own end is left.
    await waitFor(() => socketsOf(service.process.pid).length === 0, { what: 'the end of the link' })
    service.process.kill('SIGUSR2')
    await service.process.printed(/upgrade over .*"cannot-start".*Restart the whole service/)
    expect(await ask(port)).toBe(String(pid))
    service.process.kill('SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('has one socket for each generation that lives, and no other', async () => {
    await using service = launched()
    await service.generation(1)
    const { pid } = service.process
    await waitFor(() => socketsOf(pid).length === 1, { what: 'one socket alone' })
    const before = openFds(pid).size
    for (let n = 0; n < 3; n++) {
      process.kill(service.generations.at(-1)?.pid as number, 'SIGUSR2')
      await service.generation(n + 2)
    }
    await waitFor(() => childrenOf(pid).length === 1, { what: 'one generation alone' })
    await waitFor(() => openFds(pid).size === before, { what: 'as many descriptors as before' })
  })

  it('is known to the generations alone, and not to what they start', async () => {
    await using service = launched({ HELPER: '1' })
    await service.generation(1)
    const [, helper] = await service.process.printed(/helper (\d+)/)
    expect(socketsOf(Number(helper))).toEqual([])
    expect(readFileSync(`/proc/${helper}/environ`, 'utf8')).not.toContain('SHELLFLIP_')
  })

  it('reports a successor that fails, reaps it and ends its children. The service keeps serving, and can be upgraded again', async () => {
    await using service = launched()
    const first = await service.generation(1)
    service.trouble('exit')
    process.kill(first.pid, 'SIGUSR2')
    await service.process.printed(/upgrade over .*"exited","code":3,"signal":null/)
    const [, failed] = await service.process.printed(/started (\d+)/)
    expect(processState(Number(failed))).toBeUndefined()
    const [, left] = await service.process.printed(/leaves (\d+)/)
    await waitFor(() => !isAlive(Number(left)), { what: 'the end of what it has started' })
    expect(await ask(first.port)).toBe(String(first.pid))
    service.trouble('none')
    process.kill(first.pid, 'SIGUSR2')
    const second = await service.generation(2)
    expect(await ask(first.port)).toBe(String(second.pid))
  })

  it.each([
    ['is not there', '/no/such/program', 'ENOENT'],
    ['may not be executed', '/etc/passwd', 'EACCES'],
  ])('reports a program that %s, and continues', async (_, file, code) => {
    await using service = launched({ LAUNCH_FILE: file })
    const first = await service.generation(1)
    const before = openFds(service.process.pid).size
    for (const upgrade of [1, 2]) {
      process.kill(first.pid, 'SIGUSR2')
      await service.process.printed(
        new RegExp(`(upgrade over .*"cannot-start","code":"${code}".*\\s+){${upgrade}}`),
      )
    }
    await waitFor(() => openFds(service.process.pid).size === before, {
      what: 'as many descriptors as before',
    })
    expect(await ask(first.port)).toBe(String(first.pid))
    service.process.kill('SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('that learns late that a successor serves, when its predecessor is gone, ends with its status', async () => {
    await using service = launched()
    const first = await service.generation(1)
    service.trouble('wait')
    service.process.kill('SIGUSR2')
    await service.process.printed(/waits/)
    await service.process.printed(/started \d+/)
    service.process.kill('SIGSTOP')
    service.trouble('none')
    const second = await service.generation(2)
    await waitFor(() => processState(first.pid) === 'Z', { what: 'the end of the first generation' })
    service.process.kill('SIGCONT')
    await waitFor(() => processState(first.pid) === undefined, { what: 'the first generation, reaped' })
    process.kill(second.pid, 'SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('kills a successor that hangs when the service is stopped, and ends', async () => {
    await using service = launched()
    await service.generation(1)
    service.trouble('wait')
    service.process.kill('SIGUSR2')
    await service.process.printed(/waits/)
    const [, stuck] = await service.process.printed(/started (\d+)/)
    service.process.kill('SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
    expect(processState(Number(stuck))).toBeUndefined()
  })

  it('passes a stop amid an upgrade on to the successor, if that serves all the same', async () => {
    await using service = launched({ DEAF: '1' })
    await service.generation(1)
    service.trouble('wait')
    service.process.kill('SIGUSR2')
    await service.process.printed(/waits/)
    service.process.kill('SIGTERM')
    service.trouble('none')
    await service.process.printed(/upgraded/)
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('lets a candidate serve whose predecessor was killed, and ends with its status', async () => {
    await using service = launched()
    const first = await service.generation(1)
    service.trouble('wait')
    service.process.kill('SIGUSR2')
    await service.process.printed(/waits/)
    process.kill(first.pid, 'SIGKILL')
    service.trouble('none')
    const second = await service.generation(2)
    expect(await ask(first.port)).toBe(String(second.pid))
    service.process.kill('SIGTERM')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
  })

  it('ends with 128 and the number of the signal that has killed the service', async () => {
    await using service = launched()
    const { pid } = await service.generation(1)
    process.kill(pid, 'SIGKILL')
    expect(await service.process.exit).toEqual({ code: 137, signal: null })
  })

  it('ends with the status of a first start that fails', async () => {
    await using service = LaunchedService.start([process.execPath, program], {
      env: { LAUNCHER: 'true' },
      trouble: 'exit',
    })
    expect(await service.process.exit).toEqual({ code: 3, signal: null })
  })

  it('passes a signal that the service does not handle on to it, too', async () => {
    await using service = launched()
    await service.generation(1)
    service.process.kill('SIGHUP')
    expect(await service.process.exit).toEqual({ code: 129, signal: null })
  })

  it('waits for an older generation that drains, and ends it by the next signal', async () => {
    await using service = launched()
    const first = await service.generation(1)
    const cut = vi.fn()
    await new Promise<unknown>((begun) => {
      void ask(first.port, '/hold', begun).catch(({ code }) => cut(code))
    })
    const second = await upgrade(service)
    service.process.kill('SIGTERM')
    await service.process.printed(new RegExp(`${second.pid} stopped`))
    await waitFor(() => processState(second.pid) === undefined, { what: 'the second generation, reaped' })
    expect(isAlive(service.process.pid)).toBe(true)
    expect(isAlive(first.pid)).toBe(true)
    service.process.kill('SIGINT')
    expect(await service.process.exit).toEqual({ code: 7, signal: null })
    await waitFor(() => cut.mock.calls.length, { what: 'the end of the request' })
    expect(cut).toHaveBeenCalledWith('ECONNRESET')
  })

  it('ends with the status of the last that served, though an older one ends later', async () => {
    await using service = launched({ MORTAL: '1' })
    const first = await service.generation(1)
    await new Promise<unknown>((begun) => {
      void ask(first.port, '/hold', begun).catch(() => {})
    })
    service.process.kill('SIGUSR2')
    const second = await service.generation(2)
    await waitFor(() => processState(second.pid) === undefined, { what: 'the second generation, reaped' })
    service.process.kill('SIGTERM')
    expect(await service.process.exit).toEqual({ code: 9, signal: null })
  })

  it('gives what a service manager has passed to the first generation, and keeps nothing of it', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    await using service = LaunchedService.start(
      ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, program],
      { env: { LAUNCHER: 'true', LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }, extraFds: [fd] },
    )
    const first = await service.generation(1)
    server.close()
    expect(first.port).toBe(port)
    expect(await ask(port)).toBe(String(first.pid))
    await waitFor(() => socketsOf(service.process.pid).length === 1, { what: 'one socket alone' })
    const second = await upgrade(service)
    expect(await ask(port)).toBe(String(second.pid))
  })
})

describe('a service whose launcher is killed', () => {
  it('keeps serving, and starts its successors itself', async () => {
    await using service = launched()
    const first = await service.generation(1)
    service.process.kill('SIGKILL')
    await waitFor(() => !isAlive(service.process.pid), { what: 'the end of the launcher' })
    process.kill(first.pid, 'SIGUSR2')
    const second = await service.generation(2)
    expect(second.parent).toBe(first.pid)
    expect(await ask(first.port)).toBe(String(second.pid))
    process.kill(second.pid, 'SIGUSR2')
    const third = await service.generation(3)
    process.kill(third.pid, 'SIGTERM')
    await service.process.exit
    // Nobody waits for them: their output ends a moment before they do.
    const isGone = () => !service.generations.some(({ pid }) => isAlive(pid))
    await waitFor(isGone, { what: 'the end of all generations' })
  })

  it('during an upgrade ends that successor, and keeps serving', async () => {
    await using service = launched()
    const first = await service.generation(1)
    service.trouble('wait')
    service.process.kill('SIGUSR2')
    await service.process.printed(/waits/)
    await service.process.printed(/started \d+/)
    service.process.kill('SIGKILL')
    await service.process.printed(/upgrade over .*"exited","code":null,"signal":"SIGKILL"/)
    service.trouble('none')
    process.kill(first.pid, 'SIGUSR2')
    const second = await service.generation(2)
    expect(await ask(first.port)).toBe(String(second.pid))
  })
})
