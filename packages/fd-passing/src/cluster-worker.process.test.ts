import { fileURLToPath } from 'node:url'
import { TestProcess } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('a worker of node:cluster gets the advice to call serverFrom() in its primary', async () => {
  await using run = TestProcess.node([
    fileURLToPath(new URL('./testing/cluster-worker.mjs', import.meta.url)),
  ])
  expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
  expect(run.stdout).toMatch(/^ERR_UNSUPPORTED .*Call serverFrom\(\) in the primary\nIPv4\n$/)
})
