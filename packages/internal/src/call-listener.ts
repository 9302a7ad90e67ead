import { asError } from './message-of.ts'

/**
 * Calls a listener of the program with an event. A mistake of the listener must not affect the source of the event. If it throws or
 * rejects, `onFailure` gets the error. By default the process emits a warning, which Node prints to standard error, and emits as
 * `process.on('warning')`.
 */
export function callListener<Event extends { readonly type: string }>(
  listener: ((event: Event) => unknown) | undefined,
  event: Event,
  onFailure: (error: unknown, event: Event) => void = warn,
): void {
  const failed = (thrown: unknown) => onFailure(thrown, event)
  try {
    const result = listener?.(event)
    // A listener may be async, though nobody waits for it.
    if (isThenable(result)) result.then(undefined, failed)
  } catch (thrown) {
    failed(thrown)
  }
}

/** Reports whether a value is a promise of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

function warn(thrown: unknown, { type }: { readonly type: string }): void {
  const { message, stack } = asError(thrown)
  process.emitWarning(`the listener of the event "${type}" failed: ${message}`, {
    code: 'SHELLFLIP_LISTENER_FAILED',
    ...(stack === undefined ? {} : { detail: stack }),
  })
}
