import { fileURLToPath } from 'node:url'
import { TestProcess } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { RawClient } from './testing/raw-client.ts'

const program = fileURLToPath(new URL('testing/stuck-service.mjs', import.meta.url))

test('the first signal drains, a second ends at once, and after that signals are again as without us', async () => {
  await using service = TestProcess.node([program])
  const [, port] = await service.printed(/^ready at (\d+)$/m)
  using client = await RawClient.connect(Number(port))
  client.get('/slow')
  await service.printed(/^asked$/m)

  service.kill('SIGTERM')
  await service.printed(/^draining: shutting down: SIGTERM$/m)
  expect(service.stdout).not.toMatch(/^report/m)

  service.kill('SIGINT')
  const [, report = ''] = await service.printed(/^report (.+)$/m)
  expect(JSON.parse(report)).toMatchObject({
    reason: 'SIGTERM',
    clean: false,
    unfinished: [{ name: 'stuck', weak: false }],
    servers: [{ name: 'web', cut: [{ type: 'request', method: 'GET', url: '/slow' }] }],
  })
  await client.end()

  service.kill('SIGTERM')
  expect(await service.exit).toEqual({ code: null, signal: 'SIGTERM' })
})
