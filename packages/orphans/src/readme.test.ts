import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README runs', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe(
    'a killed supervisor left 0\na killed supervisor left 1\n',
  )
})
