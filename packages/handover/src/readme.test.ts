import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README hands over', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe(
    "Map(1) { 'ada' => 3 } { predecessor: 'draining' } committed\n",
  )
})
