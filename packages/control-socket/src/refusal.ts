import { ControlSocketError, type ControlSocketErrorCode } from './control-socket-error.ts'

/** Says why a request gets no reply, or no further one. */
export type Refusal = { code: ControlSocketErrorCode; message: string; answerCode?: string }

/** The one key of a refusal on the wire: no reply of a protocol may be such an object. */
const refusalKey = '$refused'
const longestMessage = 2_048
const codeForm = /^[A-Z][A-Z0-9_]{0,63}$/

/** The codes that a server may send for a failure. A client ignores every other code. */
const sayable: ReadonlySet<string> = new Set<ControlSocketErrorCode>([
  'ERR_BUSY',
  'ERR_SERVER_CLOSED',
  'ERR_ANSWER_FAILED',
])

/** Describes a failure to the client: by a code and a message. The stack and the cause of an error stay here. */
export function refusalOf(error: unknown): Refusal {
  const message = messageOf(error).slice(0, longestMessage)
  if (error instanceof ControlSocketError && sayable.has(error.code)) return { code: error.code, message }
  const { code } = (error ?? {}) as { code?: unknown }
  const hasCode = typeof code === 'string' && codeForm.test(code)
  return { code: 'ERR_ANSWER_FAILED', message, ...(hasCode ? { answerCode: code } : {}) }
}

export function refusalToWire(refusal: Refusal): unknown {
  return { [refusalKey]: refusal }
}

/** The error that a server sent in place of a reply, or undefined for everything else. */
export function refusalFromWire(json: unknown): ControlSocketError | undefined {
  if (typeof json !== 'object' || json === null || Object.keys(json).join() !== refusalKey) return undefined
  const { code, message, answerCode } = ((json as Record<string, unknown>)[refusalKey] ?? {}) as Record<
    string,
    unknown
  >
  if (typeof code !== 'string' || typeof message !== 'string') return undefined
  return new ControlSocketError(
    sayable.has(code) ? (code as ControlSocketErrorCode) : 'ERR_ANSWER_FAILED',
    `the server refused the request: ${message}`,
    { answerCode: typeof answerCode === 'string' && codeForm.test(answerCode) ? answerCode : undefined },
  )
}

/** Returns the text of a thrown value. A program may throw any value, even one without a text. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error)
  } catch {
    return 'an error without a message'
  }
}
