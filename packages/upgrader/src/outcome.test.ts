import { expect, test } from 'vitest'
import { describeUpgradeFailure } from './outcome.ts'

test.each([
  [undefined, 'It has not called shellflip() yet.'],
  ['hello', 'It called shellflip(), but not yet flip.ready(). Call flip.ready() when the service can serve.'],
  [
    'state',
    'Its state was not yet complete. Check that save() ends, and that the successor reads flip.state to its end.',
  ],
  [
    'given',
    'It got everything, but did not report that it is ready. A service of the Rust crate does so when it first polls its restart task.',
  ],
  ['ready', 'It called flip.ready(), but did not report that it serves.'],
] as const)('a successor that is not ready in time has called what it has called: %s', (reached, hint) => {
  const failure = { type: 'not-ready', timeoutMs: 50, ...(reached === undefined ? {} : { reached }) } as const
  expect(describeUpgradeFailure(failure)).toBe(`the successor was not ready within 50 ms. ${hint}`)
})
