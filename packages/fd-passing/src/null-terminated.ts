import { type Bytes, show } from '@shellflip/internal'
import { checkArray } from './check-argument.ts'
import { invalidArgument } from './error.ts'

/**
 * Joins strings as execve(2) takes them: in bytes, each ended by NUL.
 *
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT if one holds a NUL itself. The program would get a part of it
 */
export function nullTerminated(what: string, strings: readonly Bytes[]): Uint8Array {
  checkArray(what, strings)
  return Buffer.concat(
    Array.from(strings, (text) => {
      if (typeof text !== 'string' && !(text instanceof Uint8Array)) {
        throw invalidArgument(`${what} must be text or bytes, not ${show(text)}`)
      }
      const bytes = Buffer.from(text)
      if (bytes.includes(0))
        throw invalidArgument(`${what} must not hold a NUL: ${JSON.stringify(bytes.toString())}`)
      return Buffer.concat([bytes, nul])
    }),
  )
}

const nul = Buffer.of(0)
