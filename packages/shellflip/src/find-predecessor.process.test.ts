import { expect, test, vi } from 'vitest'
import { Deployment } from './testing/deployment.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

test('variables of a service manager that a successor gets by mistake reach neither it nor its children', async () => {
  await using service = new Deployment()
  const env = { LISTEN_PID: 'auto', LISTEN_FDS: '1', LISTEN_FDNAMES: 'http' }
  await service.serve({ version: '1', options: { successor: { env } } })
  const successor = await service.upgradeTo({ version: '2', hooks: { beforeUpgrade: 'spawns' } })
  await service.upgradeTo({ version: '3' })
  const { spawned } = await service.told((line) => line.pid === successor && line.spawned)
  expect(spawned?.environment.filter((name) => name.startsWith('LISTEN_'))).toEqual([])
})
