import { runReadmeExample } from '@shellflip/testing'
import { expect, it } from 'vitest'

it('the example of the README replaces itself', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe('start 1 serves\nstart 2 serves\n')
})
