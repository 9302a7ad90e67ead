import { runReadmeExample } from '@shellflip/testing'
import { expect, it } from 'vitest'

it('shows an example that works', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe(
    [
      "{ type: 'sent' }",
      "{ ready: true, status: 'Serving' } from this process",
      "barrier: { type: 'sent' }",
      '',
    ].join('\n'),
  )
})
