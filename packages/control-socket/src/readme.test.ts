import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README prints the status of the process', async () => {
  expect(await runReadmeExample(import.meta.url)).toMatch(/^\{ pid: \d+, uptimeSeconds: [\d.]+ \}\n$/)
})
