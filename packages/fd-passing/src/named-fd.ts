import { OwnedFd } from './owned-fd.ts'

/** A descriptor under a name: how sockets are passed to a process, offered to its successor, and stored. */
export type NamedFd = { readonly name: string; readonly fd: OwnedFd }

/** Reports whether a value is a {@link NamedFd} whose descriptor is open. */
export function isNamedFd(value: unknown): value is NamedFd {
  const { name, fd } = Object(value) as { name?: unknown; fd?: unknown }
  return typeof name === 'string' && fd instanceof OwnedFd && !fd.closed
}
