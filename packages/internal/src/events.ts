import { callListener } from './call-listener.ts'
import { EventQueue } from './event-queue.ts'

/** Emits the events of one source to listeners and to `for await` loops. A listener that fails affects no other one. */
export class Events<Event extends { readonly type: string }> {
  readonly #onFailure: ((error: unknown, event: Event) => void) | undefined
  readonly #listeners = new Set<{ readonly listener: (event: Event) => unknown }>()
  readonly #queues = new Set<EventQueue<Event>>()
  #isOver = false

  /** @param onFailure gets what a listener throws. @default a warning of the process */
  constructor(onFailure?: (error: unknown, event: Event) => void) {
    this.#onFailure = onFailure
  }

  emit(event: Event): void {
    // First, because a listener may cause the next event.
    for (const queue of this.#queues) queue.push(event)
    for (const { listener } of [...this.#listeners]) callListener(listener, event, this.#onFailure)
  }

  /** Calls the listener for every event, until the result is disposed of. */
  onEvent(listener: (event: Event) => unknown): Disposable {
    const entry = { listener }
    this.#listeners.add(entry)
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) }
  }

  /** Yields every event from this call on, until {@link end} or until the loop is left. */
  events(): AsyncIterable<Event> {
    const queue = new EventQueue<Event>(() => this.#queues.delete(queue))
    if (this.#isOver) queue.end()
    else this.#queues.add(queue)
    return queue
  }

  /** Ends the loops. Listeners get later events too. */
  end(): void {
    this.#isOver = true
    for (const queue of this.#queues) queue.end()
    this.#queues.clear()
  }
}
