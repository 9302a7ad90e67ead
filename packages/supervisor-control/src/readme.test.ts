import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README rolls, shows the status, and stops', async () => {
  expect(await runReadmeExample(import.meta.url)).toMatch(/^rolled\nweb (rolling|serving)\n(stopping\n)+$/)
})
