import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { removeLockFile, tryLockFile } from '@shellflip/fd-passing'
import { waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { freeListener, hear, ProcrollSandbox } from '../testing/procroll-sandbox.ts'

describe('procroll run --listen', () => {
  it('hands the same sockets to each generation, by name', async () => {
    await using sandbox = new ProcrollSandbox()
    const path = sandbox.join('app.sock')
    const supervisor = await sandbox.serve(
      ['--listen', 'web=tcp://localhost:0', '--listen', `unix://${path}`],
      ['name=gen-{{.Generation}}'],
    )
    const { listeners } = await sandbox.status()
    const port = Number(/:(\d+)$/.exec(listeners[0]?.address ?? '')?.[1])
    expect(listeners.map(({ name }) => name)).toEqual(['web', 'app.sock'])
    expect(await hear(port)).toBe('gen-1 on web\n')
    expect(await hear(path)).toBe('gen-1 on app.sock\n')

    expect((await sandbox.finish(['roll'])).code).toBe(0)
    await supervisor.printed(/generation exited" generation=1/)
    expect(await hear(port)).toBe('gen-2 on web\n')
    expect(await hear(path)).toBe('gen-2 on app.sock\n')

    expect((await sandbox.finish(['stop'])).code).toBe(0)
    expect(existsSync(path)).toBe(false)
    await expect(hear(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('hands a UDP socket to each generation, and loses no datagram that waits', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(
      ['--listen', 'dns=udp://127.0.0.1:0'],
      ['name=gen-{{.Generation}}'],
    )
    const { listeners } = await sandbox.status()
    const port = Number(/:(\d+)$/.exec(listeners[0]?.address ?? '')?.[1])
    const client = createSocket('udp4')
    const ask = async () => {
      client.send('who?', port, '127.0.0.1')
      return String((await once(client, 'message'))[0])
    }
    try {
      expect(await ask()).toBe('gen-1 on dns\n')
      expect((await sandbox.finish(['roll'])).code).toBe(0)
      await supervisor.printed(/generation exited" generation=1/)
      expect(await ask()).toBe('gen-2 on dns\n')
    } finally {
      client.close()
    }
  })

  it.runIf(process.platform === 'linux')('shows what it holds as --listen takes it', async () => {
    await using sandbox = new ProcrollSandbox()
    const abstract = `unix://@${sandbox.join('abstract')}`
    const flags = [
      'udp://127.0.0.1:0',
      abstract,
      `unix://${sandbox.join('s')}?type=seqpacket&mode=0600`,
    ].flatMap((address, index) => ['--listen', `s${index}=${address}`])
    // It serves without touching its sockets.
    const program = 'process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1000)'
    const supervisor = sandbox.start(['run', ...flags, '--', process.execPath, '-e', program])
    await supervisor.printed(/msg="generation started"/)
    expect((await sandbox.status()).listeners).toEqual([
      { name: 's0', address: expect.stringMatching(/^udp:\/\/127\.0\.0\.1:\d+$/) },
      { name: 's1', address: abstract },
      { name: 's2', address: `unix://${sandbox.join('s')}?type=seqpacket` },
    ])
  })

  it('keeps the connections that come while no generation lives, for the next one', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(
      ['--listen', 'web=tcp://127.0.0.1:0'],
      ['name=gen-{{.Generation}}'],
    )
    const { listeners, generations } = await sandbox.status()
    const port = Number(/:(\d+)$/.exec(listeners[0]?.address ?? '')?.[1])
    process.kill(generations[0]?.pid ?? 0, 'SIGKILL')
    await supervisor.printed(/generation exited" generation=1/)
    const answers = await Promise.all(Array.from({ length: 50 }, () => hear(port)))
    expect(new Set(answers)).toEqual(new Set(['gen-2 on web\n']))
  })

  it('hands on what the service manager passed, before its own', async () => {
    await using sandbox = new ProcrollSandbox()
    const path = sandbox.join('own.sock')
    using passed = freeListener()
    const supervisor = sandbox.startWithSocket(passed.fd, 'from-unit', ['--listen', `unix://${path}`])
    await supervisor.printed(/msg="generation serves" generation=1/)
    expect(await hear(passed.port)).toMatch(/ on from-unit\n$/)
    expect(await hear(path)).toMatch(/ on own.sock\n$/)
  })

  it.runIf(process.platform === 'linux')('that has to be waited for does not outlive a SIGTERM', async () => {
    await using sandbox = new ProcrollSandbox()
    const folder = sandbox.join('sockets')
    mkdirSync(folder)
    const lock = `${folder}/.s.lock`
    const held = tryLockFile(lock).fd
    const supervisor = sandbox.start(['run', '--listen', `unix://${folder}/s`, 'echo', 'started'])
    await waitFor(() => sandbox.status().catch(() => undefined))
    supervisor.kill('SIGTERM')
    await waitFor(async () => (await sandbox.status()).state === 'stopping')
    removeLockFile(lock, held.fd)
    held.close()
    expect(await supervisor.exit).toEqual({ code: 0, signal: null })
    expect(supervisor.stdout).toBe('')
  })

  it('whose address is in use ends in one line, and starts nothing', async () => {
    await using sandbox = new ProcrollSandbox()
    using taken = freeListener()
    const { code, stdout, stderr } = await sandbox.finish([
      'run',
      '--listen',
      `tcp://127.0.0.1:${taken.port}`,
      'echo',
      'started',
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^procroll: cannot listen on .*: the address is already in use \(EADDRINUSE\)\. It is in use by pid \d+ .*\n$/,
    )
    expect(sandbox.leftovers).toEqual([])
  })
})
