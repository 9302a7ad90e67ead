import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test, vi } from 'vitest'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

const script = fileURLToPath(new URL('./testing/exit-service.mjs', import.meta.url))

test('a process whose ready() fails ends by itself, and leaves no path', async () => {
  using folder = temporaryFolder()
  await using service = TestProcess.node([script, folder.path, 'ready'])
  expect(await service.exit).toEqual({ code: 3, signal: null })
  expect(service.stdout).toBe('ERR_CANNOT_LISTEN\n')
  expect(existsSync(folder.join('control', 'restart.sock'))).toBe(false)
  expect(existsSync(folder.join('app.sock'))).toBe(false)
})

test('a listen() that fails after ready() and is not awaited is an unhandled rejection', async () => {
  using folder = temporaryFolder()
  await using service = TestProcess.node([script, folder.path, 'late'])
  expect(await service.exit).toEqual({ code: 1, signal: null })
  expect(service.stderr).toContain('ERR_CANNOT_LISTEN')
})

test('a service that may not unlink its paths any more drains, and ends well', async () => {
  using folder = temporaryFolder()
  await using service = TestProcess.node([script, folder.path, 'unprivileged'])
  const exit = await service.exit
  chmodSync(folder.path, 0o700)
  expect(service.stderr).toBe('')
  expect(exit).toEqual({ code: 0, signal: null })
  expect(service.stdout).toBe('drained\nstopped\n')
})

test('a socket that is bound too late is closed, and leaves no path', async () => {
  using folder = temporaryFolder()
  await using service = TestProcess.node([script, folder.path, 'amid'])
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stdout.split('\n').filter((line) => line === 'ERR_NO_LONGER_SERVING')).toHaveLength(2)
  expect(readdirSync(folder.path)).toEqual(['control'])
})

test('a pool closes after the last answer, and servers without a name are numbered', async () => {
  using folder = temporaryFolder()
  const pool = fileURLToPath(new URL('./testing/pool-service.mjs', import.meta.url))
  await using service = TestProcess.node([pool, folder.path])
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stdout.split('\n')).toEqual([
    'queue stopped, pool open',
    'answered: pool open',
    'server,server 2, clean: true, pool closed',
    '',
  ])
})
