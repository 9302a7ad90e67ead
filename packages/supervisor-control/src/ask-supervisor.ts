import { askForReplies, ControlSocketError } from '@shellflip/control-socket'
import { type ControlReply, type ControlRequest, supervisorProtocol } from './protocol.ts'
import { SupervisorControlError } from './supervisor-control-error.ts'

type Answer = Exclude<ControlReply, { type: 'refused' }>

/**
 * Sends a request to the supervisor at a control socket, and yields the replies. It ends when the supervisor does.
 *
 * @throws {SupervisorControlError} ERR_NO_SUPERVISOR
 * @throws {SupervisorControlError} ERR_UNANSWERED
 */
export async function* askSupervisor(
  path: string,
  request: ControlRequest,
  signal?: AbortSignal,
): AsyncGenerator<Answer, void> {
  try {
    const question = { path, protocol: supervisorProtocol, request, ...(signal && { signal }) }
    for await (const reply of askForReplies(question)) {
      if (reply.type === 'refused')
        throw new SupervisorControlError('ERR_UNANSWERED', `the supervisor refused: ${reply.reason}`)
      yield reply
    }
  } catch (cause) {
    if (!(cause instanceof ControlSocketError)) throw cause
    const code = cause.code === 'ERR_NOBODY_THERE' ? 'ERR_NO_SUPERVISOR' : 'ERR_UNANSWERED'
    throw new SupervisorControlError(code, cause.message, { cause })
  }
}
