import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README runs', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe('listen:tcp://127.0.0.1:0#web\n')
})
