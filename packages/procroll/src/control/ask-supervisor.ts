import { askForReplies, ControlSocketError, type ControlSocketErrorCode } from '@shellflip/control-socket'
import { ProcrollError, type ProcrollErrorCode } from '../procroll-error.ts'
import { type ControlReply, type ControlRequest, procrollProtocol } from './protocol.ts'

type Answer = Exclude<ControlReply, { type: 'refused' }>

const CODES: Partial<Record<ControlSocketErrorCode, ProcrollErrorCode>> = {
  ERR_NOBODY_THERE: 'ERR_NO_SUPERVISOR',
}

/**
 * Sends a request to the supervisor at a control socket, and yields the replies. It ends when the supervisor does.
 *
 * @throws {ProcrollError} ERR_NO_SUPERVISOR
 * @throws {ProcrollError} ERR_UNANSWERED
 */
export async function* askSupervisor(
  path: string,
  request: ControlRequest,
  signal?: AbortSignal,
): AsyncGenerator<Answer, void> {
  try {
    const question = { path, protocol: procrollProtocol, request, ...(signal && { signal }) }
    for await (const reply of askForReplies(question)) {
      if (reply.type === 'refused')
        throw new ProcrollError('ERR_UNANSWERED', `the supervisor refused: ${reply.reason}`)
      yield reply
    }
  } catch (cause) {
    if (!(cause instanceof ControlSocketError)) throw cause
    throw new ProcrollError(CODES[cause.code] ?? 'ERR_UNANSWERED', cause.message, { cause })
  }
}
