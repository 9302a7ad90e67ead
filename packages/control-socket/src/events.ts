import type { Credentials } from '@shellflip/fd-passing'
import type { ControlSocketError } from './control-socket-error.ts'

/** What a server may want to tell of clients that it did not answer; each is over when it is told. */
export type ControlServerEvent =
  /** Closed at once: another uid than ours or root's, or one more than `maxClients`. */
  | { type: 'client-refused'; reason: 'forbidden' | 'too-many-clients'; peer: Credentials | undefined }
  /** What it sent, if anything, is no request: ERR_MALFORMED, ERR_FRAME_TOO_LARGE, ERR_TIMED_OUT, ERR_CLOSED_EARLY. */
  | { type: 'request-refused'; peer: Credentials; error: ControlSocketError }
  /** Cut while it was answered: it did not read (ERR_TIMED_OUT), or talked on (ERR_MALFORMED). */
  | { type: 'client-cut'; peer: Credentials; error: ControlSocketError }
  /** `answer` threw, or said what is not in the vocabulary. */
  | { type: 'answer-failed'; peer: Credentials; error: unknown }
  /** The system gave us no connection (EMFILE, ENOBUFS …); the next client may be luckier. */
  | { type: 'accept-failed'; error: Error }
