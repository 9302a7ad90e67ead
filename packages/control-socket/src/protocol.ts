import { type Checked, safeEncode, type TwoWaySchema } from '@shellflip/internal'
import { ControlSocketError, type ControlSocketErrorCode } from './control-socket-error.ts'

/** The part of a schema that this package uses. Every schema of zod ^4.1.0 has it, and this package itself loads no zod. */
export type MessageSchema<T> = TwoWaySchema<T>

/**
 * The requests and replies of a server. Both ends check every message, before they send it and after they receive it.
 *
 * The schemas describe the values. A value that is not JSON needs a codec (`z.codec`), never a one-way transform.
 */
export type Protocol<Request, Reply> = {
  readonly request: MessageSchema<Request>
  readonly reply: MessageSchema<Reply>
  /**
   * Says that a request was not understood, or that its answer failed.
   *
   * @default an answer that failed is an error at the client, with a code. A request that is not understood closes the connection
   */
  readonly refuse?: (reason: string, code: ControlSocketErrorCode) => Reply
  /**
   * Names the kind of a request. A server limits the requests of each kind separately (`maxRequestsOfAKind`). So a request with a long
   * answer, such as a watch for hours, needs its own kind. Keep the number of names small.
   *
   * @default one kind, "request"
   */
  kindOf?(request: Request): string
}

/** The JSON value of something to say. @throws {ControlSocketError} ERR_MALFORMED if the schema does not know it */
export function toWire<T>(schema: MessageSchema<T>, message: T): unknown {
  return check(() => safeEncode(schema, message), 'cannot be encoded')
}

/** Returns the value of a received message. @throws {ControlSocketError} ERR_MALFORMED if it does not match the schema */
export function fromWire<T>(schema: MessageSchema<T>, json: unknown): T {
  return check(() => schema.safeParse(json), 'is not in the protocol')
}

function check<T>(run: () => Checked<T>, problem: string): T {
  const checked = attempt(run)
  if (checked.success) return checked.data
  const { error: cause } = checked
  throw new ControlSocketError('ERR_MALFORMED', `the message ${problem}: ${describe(cause)}`, { cause })
}

/** A schema can throw as well, a recursive one on deeply nested JSON for instance. */
function attempt<T>(run: () => Checked<T>): Checked<T> {
  try {
    return run()
  } catch (error) {
    return { success: false, error: error as Error }
  }
}

type Issue = { path: readonly PropertyKey[]; message: string }

function describe(error: Error & { issues?: readonly Issue[] }): string {
  if (error.issues === undefined) return error.message
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .join('; ')
}
