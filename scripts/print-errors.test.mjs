import { expect, test } from 'vitest'
import { commonCodes, errorsDocument, errorUnions, sharedCodes } from './print-errors.mjs'

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

const [web, lock] = errorUnions('web.ts', source)

test('writes a table for each class', () => {
  const unions = [{ packageName: 'lock', ...lock }]
  expect(errorsDocument(unions)).toContain(
    '## LockError\n\nPackage `lock`.\n\n| code | meaning |\n| --- | --- |\n| `ERR_BUSY` | Somebody',
  )
})

test('refuses a code that two packages have', () => {
  const unions = [
    { packageName: 'web', ...web },
    { packageName: 'lock', ...lock },
  ]
  expect(() => errorsDocument(unions)).toThrow('web and lock both have the code ERR_BUSY')
  expect(sharedCodes(unions)).toEqual([{ code: 'ERR_BUSY', packages: ['web', 'lock'] }])
})

test('explains a common code once, which several packages may have', () => {
  const union = { className: 'AError', codes: [{ code: 'ERR_SYSTEM', meaning: 'Only here.' }] }
  const document = errorsDocument(['a', 'b'].map((packageName) => ({ packageName, ...union })))
  expect(document).toContain(`| \`ERR_SYSTEM\` | ${commonCodes.ERR_SYSTEM} |`)
  expect(document).toContain('Package `b`. Common codes: `ERR_SYSTEM`.')
  expect(document).not.toContain('Only here.')
})
