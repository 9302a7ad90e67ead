import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README runs', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe('ready\ndraining\ndrained\nstopped\n')
})
