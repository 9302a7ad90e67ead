import type { Credentials } from '@shellflip/fd-passing'
import type { ControlSocketError } from './control-socket-error.ts'

/** Reports a client that got no answer, whose connection is closed by then, or what happened to the path. */
export type ControlServerEvent =
  /** The client was closed at once: its uid is neither ours nor root's. */
  | { type: 'client-refused'; reason: 'forbidden'; peer: Credentials | undefined }
  /** The client had not sent a request yet, and was the oldest of more than `maxSilentClients`. */
  | { type: 'client-refused'; reason: 'too-many-silent-clients'; peer: Credentials }
  /** As many requests of this kind (`protocol.kindOf`) as `maxRequestsOfAKind` were being answered. */
  | { type: 'client-refused'; reason: 'too-many-requests'; kind: string; peer: Credentials }
  /** It sent nothing, or something that is not a request: ERR_MALFORMED, ERR_FRAME_TOO_LARGE, ERR_CLIENT_TIMED_OUT, ERR_CLOSED_EARLY. */
  | { type: 'request-refused'; peer: Credentials; error: ControlSocketError }
  /** Cut while it was answered: it did not read (ERR_CLIENT_TIMED_OUT), or talked on (ERR_MALFORMED). */
  | { type: 'client-cut'; peer: Credentials; error: ControlSocketError }
  /** `answer` threw, or said what is not in the protocol. */
  | { type: 'answer-failed'; peer: Credentials; error: unknown }
  /** The system refused a connection (EMFILE, ENOBUFS …). The server still accepts the next client. */
  | { type: 'accept-failed'; error: Error }
  /** Something removed the path (`restorePath`). The server listens there again. */
  | { type: 'path-restored'; path: string }
  /** Something removed or replaced the path, and it cannot be claimed now. The server tries again. */
  | { type: 'path-lost'; path: string; error: Error }
