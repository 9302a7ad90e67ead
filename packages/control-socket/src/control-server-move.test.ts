import { rmSync } from 'node:fs'
import { serverFrom } from '@shellflip/fd-passing'
import { waitFor } from '@shellflip/testing'
import { expect, it, vi } from 'vitest'
import { ask } from './ask.ts'
import { testServer, words } from './testing/test-server.ts'

vi.mock('@shellflip/fd-passing', async (importOriginal) => {
  const original = await importOriginal<typeof import('@shellflip/fd-passing')>()
  return { ...original, serverFrom: vi.fn(original.serverFrom) }
})

it('closes every server that it had, also after a move to a restored path has failed', async () => {
  await using place = await testServer({ restorePath: true })
  const { server, path, events } = place
  vi.mocked(serverFrom).mockRejectedValueOnce(new Error('no memory'))
  rmSync(path)
  await waitFor(() => events.some(({ type }) => type === 'path-restored'))
  expect(events).toMatchObject([
    { type: 'path-lost', error: { message: expect.stringContaining('no memory') } },
    { type: 'path-restored' },
  ])
  expect(await ask({ path, protocol: words, request: { ask: 'here?' } })).toEqual({ say: 'here?' })
  await server.close()
  const servers = vi.mocked(serverFrom).mock.calls.map(([, server]) => server)
  expect(servers.map(({ listening }) => listening)).toEqual([false, false, false])
})
