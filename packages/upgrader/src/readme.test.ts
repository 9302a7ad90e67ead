import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README runs', async () => {
  expect(await runReadmeExample(import.meta.url)).toMatch(/^\[ 'SIGUSR2' \] 5000\n.*5000 ms/)
})
