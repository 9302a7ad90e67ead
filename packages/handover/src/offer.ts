import { FdPassingError, localAddress, type NamedFd, type OwnedFd } from '@shellflip/fd-passing'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import { maxFds } from './frame.ts'
import { HandoverError } from './handover-error.ts'
import type { ManifestSocket } from './messages.ts'

/** A socket under a name. Several may have the same name. Any other descriptor can be given in this way. */
export type OfferedFd = NamedFd & {
  /** Names the file at the path of a UNIX socket (`UnixPathClaim.file`), so that the successor knows whether it is still there. */
  readonly file?: string | undefined
}

/**
 * State of one value, or of a stream of items. `value` and `items` are read after the successor has named the version that it understands.
 * As getters they return what is current by then.
 */
export type OfferedState<T> =
  | { readonly definition: StateDefinition<T>; readonly value: NoInfer<T> }
  | {
      readonly definition: StateStreamDefinition<T>
      readonly items: Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>
    }

/** The content of a handover, as the predecessor gives it. Its descriptors are borrowed, and copies of them are sent. */
export type HandoverOffer<T = never> = {
  /** The version of the predecessor's program, for people. */
  readonly version: string
  readonly sockets: readonly OfferedFd[]
  /** @default none */
  readonly state?: OfferedState<T>
  /** The descriptor of an upgrade lock that is held. Its copy holds the same lock. @default none */
  readonly lock?: OwnedFd
}

type Descriptors = Pick<HandoverOffer, 'sockets' | 'lock'>

/** Returns the descriptors of an offer, in the manifest's order. */
export function descriptorsOf({ sockets, lock }: Descriptors): OwnedFd[] {
  const fds = sockets.map(({ fd }) => fd)
  return lock === undefined ? fds : [...fds, lock]
}

/** @throws {HandoverError} ERR_INVALID_ARGUMENT */
export function socketsOf(offer: Descriptors): ManifestSocket[] {
  const closed = descriptorsOf(offer).findIndex((fd) => fd.closed)
  if (closed !== -1) {
    const name = offer.sockets[closed]?.name
    throw invalid(`${name === undefined ? 'the lock' : `the socket "${name}"`} is already closed`)
  }
  if (offer.sockets.length >= maxFds) throw invalid(`more than ${maxFds - 1} sockets are offered`)
  return offer.sockets.map(({ name, fd, file }) => ({
    name,
    address: addressOf(fd),
    ...(file === undefined ? {} : { file }),
  }))
}

function addressOf({ fd }: OwnedFd): ManifestSocket['address'] {
  try {
    return localAddress(fd)
  } catch (error) {
    if (error instanceof FdPassingError && error.errno === 'ENOTSOCK') return null
    throw error
  }
}

function invalid(message: string): HandoverError {
  return new HandoverError('ERR_INVALID_ARGUMENT', message)
}
