/** An action that ends a process, stops its event loop, or surfaces in a later turn. */
export type Disaster =
  | 'exit'
  | 'abort'
  | 'kill'
  | 'uncaught'
  | 'uncaught in the next turn'
  | 'rejection'
  | 'block'

export type Side = 'predecessor' | 'successor'

/** A call of the seam, and its number since the side was armed. */
export type SeamCall = readonly [call: string, nth: number]

/** The failure in one upgrade. An action is a disaster, or an errno such as EIO. */
export type Fault =
  | { side: Side; call: string; nth: number; action: string }
  | { side: 'successor'; point: string; action: Disaster }
  | { side: Side; record: true }
  /** `trace=…` and `inject=…` of strace(1). `isFatal`: the side ends by it. */
  | { side: Side; strace: readonly string[]; isFatal?: boolean }

/** A signal at a moment of the upgrade. SIGCONT follows SIGSTOP. */
export type Signal = { side: Side; signal: 'SIGKILL' | 'SIGSTOP'; afterMs: number; stoppedMs?: number }

/** The answer that the requester of the upgrade got. */
export type Reply = { pid: number } | { reason: string } | { unanswered: string }

/** The result of one upgrade with a fault in it. */
export type Verdict = {
  reply: Reply
  /** Whether the fault happened. A run may make the call less often. */
  reached: boolean
  /** The one process that serves. Undefined after the crash of the process that served alone. */
  serves: number | undefined
  /** The promises that were broken. */
  problems: string[]
  /** The calls that strace saw. */
  traced: string[]
}

/** Reports whether the fault ends the process, so that it cannot undo anything. */
export function isFatal(fault: Fault | undefined): boolean {
  if (fault === undefined) return false
  if ('strace' in fault) return fault.isFatal ?? false
  return 'action' in fault && !/^E[A-Z]+$/.test(fault.action)
}

/** Reports whether the successor had no time to remove what it had made. One that is late is killed. */
export function endedAbruptly(reply: Reply | undefined): boolean {
  const abruptly = /exited with|killed by|was not ready within/
  return reply !== undefined && 'reason' in reply && abruptly.test(reply.reason)
}

/** Calls between bind(2) and the claim of a path. Where one fails, the path is left, and the next claim takes it. */
const claiming = /^(native\.(listen|stat|statAt|close)|fs\.lstatSync)$/
const claimingInKernel = /^inject=(newfstatat|statx|listen):/

export function leavesPath(fault: Fault | undefined): boolean {
  if (fault === undefined) return false
  if ('strace' in fault) return fault.strace.some((arg) => claimingInKernel.test(arg))
  return 'call' in fault && claiming.test(fault.call)
}

/** Reports whether strace saw libuv answer a failed call with abort(3). No process survives that. */
export function hasAborted(traced: readonly string[]): boolean {
  return traced.some((line) => /--- SIGABRT /.test(line))
}
