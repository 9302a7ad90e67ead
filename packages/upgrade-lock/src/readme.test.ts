import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README hands the lock on', async () => {
  expect(await runReadmeExample(import.meta.url)).toMatch(
    /^held by \d+ since \d{4}-\S+Z\nadopted by \d+: held\nreleased: acquired\n$/,
  )
})
