import { expect, test, vi } from 'vitest'
import { CodedError } from './coded-error.ts'

class OwnError extends CodedError<'ERR_OWN'> {
  override readonly name = 'OwnError'
}

class OtherError extends CodedError<'ERR_OTHER'> {
  override readonly name = 'OtherError'
}

test('instanceof accepts an error of a copy of the class', async () => {
  vi.resetModules()
  const copy = await import('./coded-error.ts')
  expect(copy.CodedError).not.toBe(CodedError)
  const OwnCopy = {
    OwnError: class OwnError extends copy.CodedError<'ERR_OWN'> {
      override readonly name = 'OwnError'
    },
  }.OwnError
  expect(new OwnCopy('ERR_OWN', 'text')).toBeInstanceOf(OwnError)
  expect(new OwnCopy('ERR_OWN', 'text')).not.toBeInstanceOf(OtherError)
})

test('instanceof refuses an error that only has the name', () => {
  expect(Object.assign(new Error('text'), { name: 'OwnError' })).not.toBeInstanceOf(OwnError)
  expect(new OwnError('ERR_OWN', 'text')).not.toBeInstanceOf(OtherError)
  expect(undefined).not.toBeInstanceOf(OwnError)
})
