import { expect, test } from 'vitest'
import { faultOf, throwsIn } from './check-throws.mjs'

const codesOf = new Map([['WebError', new Set(['ERR_BUSY', 'ERR_OLD'])]])

test('finds each tag with its line, over several lines of text', () => {
  const source = `
/** Opens it. @throws {WebError} ERR_BUSY */
function open() {}

/**
 * Closes it.
 *
 * @param what \`@throws\` in code is not a tag
 * @throws {WebError} ERR_OLD if it is
 *   too old
 * @returns nothing
 */
`
  expect(throwsIn(source)).toEqual([
    { line: 2, text: '{WebError} ERR_BUSY' },
    { line: 9, text: '{WebError} ERR_OLD if it is too old' },
  ])
})

test.each([
  '{WebError} ERR_BUSY',
  '{WebError} ERR_BUSY if a process has it. Close that first',
  '{WebError} as {@link open}',
  '{Error} if the system refuses',
  '{unknown} if the signal is aborted. The value is its reason',
])('accepts %j', (text) => {
  expect(faultOf(text, codesOf)).toBeUndefined()
})

test.each([
  ['the error of the system', 'write `@throws {ErrorClass}'],
  ['{@link WebError} `ERR_BUSY`', 'write `@throws {ErrorClass}'],
  ['{WebError} ERR_BUSY, ERR_OLD', 'one code a tag'],
  ['{WebError} ERR_BUSY for a path in use', 'write `@throws {ErrorClass}'],
  ['{WebError} if it is busy', 'name the code of WebError'],
  ['{WebError} ERR_GONE', 'WebError does not have the code ERR_GONE'],
  ['{Error} ERR_BUSY', 'Error does not have codes'],
])('refuses %j', (text, fault) => {
  expect(faultOf(text, codesOf)).toContain(fault)
})
