import { asError } from './message-of.ts'

/**
 * Calls a listener of the program with an event. A mistake of the listener must not affect the source of the event. If it throws or
 * rejects, the process emits a warning. Node prints that to standard error, and emits it as `process.on('warning')`.
 */
export function callListener<Event extends { readonly type: string }>(
  listener: ((event: Event) => unknown) | undefined,
  event: Event,
): void {
  const warn = (thrown: unknown) => warnOf(event.type, asError(thrown))
  try {
    const result = listener?.(event)
    // A listener may be async, though nobody waits for it.
    if (isThenable(result)) result.then(undefined, warn)
  } catch (thrown) {
    warn(thrown)
  }
}

/** Reports whether a value is a promise of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

function warnOf(type: string, { message, stack }: Error): void {
  process.emitWarning(`the listener of the event "${type}" failed: ${message}`, {
    code: 'SHELLFLIP_LISTENER_FAILED',
    ...(stack === undefined ? {} : { detail: stack }),
  })
}
