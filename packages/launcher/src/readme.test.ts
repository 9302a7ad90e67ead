import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README starts itself again', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe('the successor says: hello\n')
})
