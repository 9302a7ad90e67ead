import { type FailureKind, failureKinds } from './load-client-failure.ts'

export type LoadCounts = {
  /** Asked for: `ok` and `failed`, and those still in flight. */
  requests: number
  ok: number
  failed: number
  failures: Record<FailureKind, number>
  /** Keep-alive connections that were closed in order, between two requests, and opened anew. No failure. */
  reconnects: number
  longLived: {
    /** Streams that are open now. */
    open: number
    /** Streams that ended, or could not be opened, while the load went on. */
    cut: number
  }
}

export type LoadReport = LoadCounts & {
  elapsedMs: number
  latencyMs: { p50: number; p99: number; max: number }
  /** The longest time in which no request at all was answered. */
  maxGapMs: number
}

export function noCounts(): LoadCounts {
  const failures = Object.fromEntries(failureKinds.map((kind) => [kind, 0])) as Record<FailureKind, number>
  return { requests: 0, ok: 0, failed: 0, failures, reconnects: 0, longLived: { open: 0, cut: 0 } }
}

/** "3 reset, 1 hanging": what failed, for people. */
export function describeFailures(failures: Record<FailureKind, number>): string {
  return failureKinds
    .filter((kind) => failures[kind] > 0)
    .map((kind) => `${failures[kind]} ${kind}`)
    .join(', ')
}
