import { runReadmeExample } from '@shellflip/testing'
import { expect, it } from 'vitest'

it('the example of the README runs', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe(
    'GET / answered by the process that was given the socket\n',
  )
})
