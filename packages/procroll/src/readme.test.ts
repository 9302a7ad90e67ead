import { runReadmeExample } from '@shellflip/testing'
import { expect, it } from 'vitest'

it('the example of the README works', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe("serving [ '2: 812' ]\n")
})
