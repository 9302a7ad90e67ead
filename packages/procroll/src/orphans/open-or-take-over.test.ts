import { existsSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, it, vi } from 'vitest'
import { parseListen } from '../arguments/listen-address.ts'
import { createLogger } from '../log/logger.ts'
import { LeftBehind } from './left-behind.ts'
import { openOrTakeOver } from './open-or-take-over.ts'

vi.mock('./take-over-listener.ts', async (original) => ({
  ...(await original<typeof import('./take-over-listener.ts')>()),
  recordListener() {
    throw new Error('too many open files')
  },
}))

it('closes what it opened, and removes the path, where a socket cannot be noted', async () => {
  using folder = temporaryFolder('pr-')
  const path = folder.join('app.sock')
  const logger = createLogger({ format: 'text', debug: false })
  const opening = openOrTakeOver([parseListen(`unix://${path}`)], LeftBehind.nothing, logger)
  await expect(opening).rejects.toThrow('too many open files')
  expect(existsSync(path)).toBe(false)
})
