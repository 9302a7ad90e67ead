import { expect, test } from 'vitest'
import { describeUpgradeFailure } from './outcome.ts'

test.each([
  [undefined, 'It has not called shellflip() by then.'],
  [
    'hello',
    'It called shellflip(), and not flip.ready() by then. Call flip.ready() when the service can serve.',
  ],
  [
    'state',
    'The state was not handed over to its end by then: save() did not come to its end, or flip.state is not read.',
  ],
  ['ready', 'It called flip.ready(), and did not report that it serves.'],
] as const)('a successor that is not ready in time has called what it has called: %s', (reached, hint) => {
  const failure = { type: 'not-ready', timeoutMs: 50, ...(reached === undefined ? {} : { reached }) } as const
  expect(describeUpgradeFailure(failure)).toBe(`the successor was not ready within 50 ms. ${hint}`)
})
