/** What ends a process, or stops its event loop, or surfaces in a later turn. */
export type Disaster =
  | 'exit'
  | 'abort'
  | 'kill'
  | 'uncaught'
  | 'uncaught in the next turn'
  | 'rejection'
  | 'block'

export type Side = 'predecessor' | 'successor'

/** A call of the seam, and the how manieth one since the side was armed. */
export type SeamCall = readonly [call: string, nth: number]

/** What is made to fail in one upgrade. An action is a disaster, or an errno such as EIO. */
export type Fault =
  | { side: Side; call: string; nth: number; action: string }
  | { side: 'successor'; point: string; action: Disaster }
  | { side: Side; record: true }
  /** `trace=…` and `inject=…` of strace(1). `isFatal`: the side ends by it. */
  | { side: Side; strace: readonly string[]; isFatal?: boolean }

/** A signal at a moment of the upgrade. SIGSTOP is followed by SIGCONT. */
export type Signal = { side: Side; signal: 'SIGKILL' | 'SIGSTOP'; afterMs: number; stoppedMs?: number }

/** What whoever requested the upgrade was told. */
export type Reply = { pid: number } | { reason: string } | { unanswered: string }

/** What came of one upgrade with a fault in it. */
export type Verdict = {
  reply: Reply
  /** Whether the fault happened: a call is not made so often in each run. */
  reached: boolean
  /** The one process that serves; undefined after the crash of the process that served alone. */
  serves: number | undefined
  /** What is not as promised. */
  problems: string[]
  /** What strace saw. */
  traced: string[]
}

/** Whether it ends the process, so that nothing of it can be undone. */
export function isFatal(fault: Fault | undefined): boolean {
  if (fault === undefined) return false
  if ('strace' in fault) return fault.isFatal ?? false
  return 'action' in fault && !/^E[A-Z]+$/.test(fault.action)
}

/** Tells whether the successor had no time to remove what it had made. One that is late is killed. */
export function endedAbruptly(reply: Reply | undefined): boolean {
  const abruptly = /exited with|killed by|was not ready within/
  return reply !== undefined && 'reason' in reply && abruptly.test(reply.reason)
}

/** Calls between bind(2) and the claim of a path. Where one fails the path is left, and the next claim takes it. */
const claiming = /^(native\.(listen|stat|statAt|close)|fs\.lstatSync)$/
const claimingInKernel = /^inject=(newfstatat|statx|listen):/

export function leavesPath(fault: Fault | undefined): boolean {
  if (fault === undefined) return false
  if ('strace' in fault) return fault.strace.some((arg) => claimingInKernel.test(arg))
  return 'call' in fault && claiming.test(fault.call)
}

/** Tells whether strace saw libuv answer a failed call with abort(3). No process survives that. */
export function hasAborted(traced: readonly string[]): boolean {
  return traced.some((line) => /--- SIGABRT /.test(line))
}
