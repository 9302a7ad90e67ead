import { existsSync } from 'node:fs'
import { parseListenAddress } from '@shellflip/listeners/addresses'
import { temporaryFolder } from '@shellflip/testing'
import { expect, it, vi } from 'vitest'
import { Orphans } from '../orphans.ts'

vi.mock('./take-over-listener.ts', async (original) => ({
  ...(await original<typeof import('./take-over-listener.ts')>()),
  recordListener() {
    throw new Error('too many open files')
  },
}))

it('closes what it opened, and removes the path, where a socket cannot be noted', async () => {
  using folder = temporaryFolder('pr-')
  const path = folder.join('app.sock')
  const orphans = await Orphans.find({})
  const opening = orphans.openListeners([parseListenAddress(`unix://${path}`)])
  await expect(opening).rejects.toThrow('too many open files')
  expect(existsSync(path)).toBe(false)
})
