import { checked } from './error.ts'
import { native, type WatcherHandle } from './native.ts'

/** uv_poll_event of libuv. */
export const readable = 1
export const writable = 2

/**
 * Tells when a borrowed descriptor is readable or writable (libuv's uv_poll, no thread). Close it before the
 * descriptor. It keeps the event loop alive only while it wants something, and may be collected while it
 * does not.
 */
export class Readiness {
  /** Held here, since the addon holds it only while something is wanted. */
  readonly #onReady: (events: number) => void
  readonly #watcher: WatcherHandle

  constructor(fd: number, onReady: (events: number) => void) {
    this.#onReady = onReady
    this.#watcher = checked<WatcherHandle>(native.watch(fd, this.#onReady), 'uv_poll_init')
  }

  /** Sets the events to watch: a sum of {@link readable} and {@link writable}, or 0. */
  want(events: number): void {
    checked(native.want(this.#watcher, events), 'uv_poll_start')
  }

  keepAlive(on: boolean): void {
    native.keepAlive(this.#watcher, on ? 1 : 0)
  }

  close(): void {
    native.unwatch(this.#watcher)
  }
}
