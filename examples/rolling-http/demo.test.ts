import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { processesWith, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'

const demo = fileURLToPath(new URL('demo.mjs', import.meta.url))

/** Runs the demo with a temporary folder of its own, by which everything that it starts is found. */
function start() {
  const folder = temporaryFolder('demo-')
  const run = TestProcess.node([demo], { env: { TMPDIR: folder.path } })
  const left = () => ({ processes: processesWith(folder.path), files: readdirSync(folder.path) })
  return { folder, run, left }
}

const nothing = { processes: [], files: [] }

test('five rolls under load fail no request, and leave nothing behind', { timeout: 90_000 }, async () => {
  const { folder, run, left } = start()
  using _folder = folder
  await using _run = run
  const { code } = await run.exit
  expect(run.stdout.trimEnd().split('\n').at(-1)).toMatch(/^[1-9]\d+ requests, 0 failed$/)
  expect(code, run.stdout).toBe(0)
  for (const n of [2, 3, 4, 5, 6]) {
    expect(run.stdout).toMatch(new RegExp(`^v${n}: generation ${n} ready .* only v${n} answers$`, 'm'))
  }
  expect(left()).toEqual(nothing)
})

test('interrupted, it ends what it has started and says so', { timeout: 60_000 }, async () => {
  const { folder, run, left } = start()
  using _folder = folder
  await using _run = run
  await run.printed(/^v2: /m, { deadlineMs: 30_000 })
  run.kill('SIGINT')
  expect(await run.exit).toEqual({ code: 1, signal: null })
  expect(run.stdout).toMatch(/^ended by SIGINT\n\d+ requests, \d+ failed/m)
  await waitFor(() => left().processes.length === 0)
  expect(left()).toEqual(nothing)
})
