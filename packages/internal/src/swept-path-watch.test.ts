import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it, vi } from 'vitest'
import { SweptPathWatch } from './swept-path-watch.ts'

describe('SweptPathWatch', () => {
  it('looks soon after something was removed, from a folder that was made again too', async () => {
    using folder = temporaryFolder()
    const path = folder.join('run')
    mkdirSync(path)
    writeFileSync(`${path}/1`, '')
    const look = vi.fn()
    using watch = new SweptPathWatch(path, look)
    rmSync(`${path}/1`)
    await waitFor(() => look.mock.calls.length > 0, { deadlineMs: 1_500 })

    rmSync(path, { recursive: true })
    mkdirSync(path)
    watch.follow(path)
    writeFileSync(`${path}/2`, '')
    rmSync(`${path}/2`)
    const before = look.mock.calls.length
    await waitFor(() => look.mock.calls.length > before, { deadlineMs: 1_500 })
  })

  it('looks now and then where it can watch nothing', () => {
    vi.useFakeTimers()
    try {
      const look = vi.fn()
      const watch = new SweptPathWatch('/does/not/exist', look)
      vi.advanceTimersByTime(4_000)
      expect(look).toHaveBeenCalledTimes(2)
      watch[Symbol.dispose]()
      vi.advanceTimersByTime(4_000)
      expect(look).toHaveBeenCalledTimes(2)
    } finally {
      vi.useRealTimers()
    }
  })

  it('looks at most every 100 ms, whatever happens in the folder', async () => {
    using folder = temporaryFolder()
    const look = vi.fn()
    using _ = new SweptPathWatch(folder.path, look)
    const begin = performance.now()
    for (let file = 0; file < 300; file++) writeFileSync(folder.join(String(file)), '')
    await waitFor(() => look.mock.calls.length >= 2)
    expect(look.mock.calls.length).toBeLessThanOrEqual((performance.now() - begin) / 100 + 1)
  })
})
