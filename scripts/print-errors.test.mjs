import { expect, test } from 'vitest'
import { errorsDocument, errorUnions, sharedCodes } from './print-errors.mjs'

const source = `
/**
 * The reason:
 *
 * - \`ERR_BUSY\`: a live process holds it,
 *   which {@link WebError} names
 * - \`ERR_OLD\`, \`ERR_NEW\`: another version. See \`cause\`.
 */
export type WebErrorCode = 'ERR_BUSY' | 'ERR_OLD' | 'ERR_NEW'

/** The code of a {@link LockError}. \`ERR_BUSY\`: somebody holds the lock. */
export type LockErrorCode = 'ERR_BUSY'

type PrivateErrorCode = 'ERR_PRIVATE'
export type Other = 'ERR_OTHER'
`

test('reads each exported union with the meaning of its codes', () => {
  expect(errorUnions('web.ts', source)).toEqual([
    {
      className: 'WebError',
      codes: [
        { code: 'ERR_BUSY', meaning: 'A live process holds it, which `WebError` names.' },
        { code: 'ERR_OLD', meaning: 'Another version. See `cause`.' },
        { code: 'ERR_NEW', meaning: 'Another version. See `cause`.' },
      ],
    },
    { className: 'LockError', codes: [{ code: 'ERR_BUSY', meaning: 'Somebody holds the lock.' }] },
  ])
})

test('refuses a code that its TSDoc does not explain', () => {
  const silent = "/** - `ERR_A`: why */\nexport type WebErrorCode = 'ERR_A' | 'ERR_B'"
  expect(() => errorUnions('web.ts', silent)).toThrow(
    'web.ts: the TSDoc of WebErrorCode does not explain ERR_B',
  )
})

test('writes a table for each class, and one of the codes that several have', () => {
  const unions = errorUnions('web.ts', source).map((union) => ({ packageName: 'web', ...union }))
  const document = errorsDocument(unions)
  expect(document).toContain(
    '## LockError\n\nPackage `web`.\n\n| code | meaning |\n| --- | --- |\n| `ERR_BUSY` |',
  )
  expect(document).toContain('| `ERR_BUSY` | WebError, LockError |')
  expect(sharedCodes(unions)).toHaveLength(1)
  expect(errorsDocument(unions.slice(1))).not.toContain('several classes')
})
