import type { MessageSchema, Protocol } from '@shellflip/control-socket'

export type ShellflipRequest = { Request: 'TryRestart' }
export type ShellflipReply = { Response: { RestartComplete: number } | { RestartFailed: string } }

/**
 * Describes the restart coordination protocol of the Rust crate shellflip (2.x). Its clients can restart our services, and our clients
 * can restart its services. `RestartComplete` carries the new pid (a u32). It is 0 under systemd, where the old process cannot know the
 * pid.
 *
 * The two messages are checked by hand, because zod would open some hundred files at the start of every service.
 */
export const shellflipProtocol: Protocol<ShellflipRequest, ShellflipReply> = {
  request: schemaOf(isRequest, '{"Request":"TryRestart"}'),
  reply: schemaOf(isReply, '{"Response":{"RestartComplete":pid}} or {"Response":{"RestartFailed":"reason"}}'),
  refuse: (reason) => ({ Response: { RestartFailed: reason } }),
}

function schemaOf<T>(is: (json: unknown) => json is T, form: string): MessageSchema<T> {
  const check: MessageSchema<T>['safeParse'] = (json) =>
    is(json) ? { success: true, data: json } : { success: false, error: new Error(`it is not ${form}`) }
  return { safeParse: check, safeEncode: check }
}

function isRequest(json: unknown): json is ShellflipRequest {
  return onlyValue(json, 'Request') === 'TryRestart'
}

function isReply(json: unknown): json is ShellflipReply {
  const response = onlyValue(json, 'Response')
  if (typeof onlyValue(response, 'RestartFailed') === 'string') return true
  const pid = onlyValue(response, 'RestartComplete')
  return Number.isInteger(pid) && (pid as number) >= 0 && (pid as number) <= 0xffff_ffff
}

/** The value of an object's only key, undefined if it has another or more. */
function onlyValue(json: unknown, key: string): unknown {
  if (typeof json !== 'object' || json === null || Object.keys(json).join() !== key) return undefined
  return (json as Record<string, unknown>)[key]
}
