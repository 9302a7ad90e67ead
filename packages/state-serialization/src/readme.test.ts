import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README migrates up and down', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe(
    "Map(2) { 'ada' => { visits: 1 }, 'alan' => { visits: 1 } }\n[ 'grace' ]\n",
  )
})
