import type { EventEmitter } from 'node:events'

// biome-ignore lint/suspicious/noExplicitAny: each event has arguments of its own.
type Listener = (...args: any[]) => void

/** Listens ahead of all other listeners, so that a handler that answers at once finds us prepared. Returns the undo. */
export function on(emitter: EventEmitter, event: string | symbol, listener: Listener): () => void {
  emitter.prependListener(event, listener)
  return () => emitter.removeListener(event, listener)
}

/**
 * Listens as `on` does, but only while there is another listener too. Node takes a listener for `'upgrade'` or `'checkContinue'` as a sign
 * that the program deals with such requests itself.
 */
export function onWithOthers(emitter: EventEmitter, event: string, listener: Listener): () => void {
  let joined = false
  const join = (added: string | symbol) => {
    if (added !== event || joined) return
    joined = true
    emitter.prependListener(event, listener)
  }
  const leave = (removed: string | symbol) => {
    if (removed !== event || !joined || emitter.listenerCount(event) > 1) return
    joined = false
    emitter.removeListener(event, listener)
  }
  emitter.on('newListener', join)
  emitter.on('removeListener', leave)
  if (emitter.listenerCount(event) > 0) join(event)
  return () => {
    emitter.removeListener('newListener', join)
    emitter.removeListener('removeListener', leave)
    emitter.removeListener(event, listener)
  }
}
