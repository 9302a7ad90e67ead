/** What a shutdown came to. */
export type ShutdownReport = {
  /** What `shutdown()` was told, or the signal that asked for it. */
  reason: string
  elapsedMs: number
  /** Nothing was cut, nothing failed, and no task was still running, weak ones aside. */
  clean: boolean
  /** The tasks and drains that were still running at the end. */
  unfinished: UnfinishedWork[]
  /** The drains that failed by themselves. */
  failed: FailedDrain[]
  /** One for each server, in the order of their registration. */
  servers: ServerReport[]
}

export type UnfinishedWork = {
  name: string
  /** It did not delay the shutdown, and being unfinished does not make the report unclean. */
  weak: boolean
}

export type FailedDrain = { name: string; error: unknown }

export type ServerReport = {
  name: string
  /** HTTP requests answered in full since the drain began. */
  answered: number
  /** Connections that the drain closed because nothing had been asked on them for `lingerMs`. */
  closedIdle: number
  /** Connections that another process serves on. */
  handedOver: number
  /** What was still open at the deadline and was destroyed. */
  cut: CutWork[]
}

/** Something that was destroyed at the deadline. */
export type CutWork =
  /** A request that had not been answered in full. */
  | { type: 'request'; method: string; url: string }
  /** An HTTP connection or HTTP/2 session with no request on it, or with the beginning of one. */
  | { type: 'idle' }
  /** A WebSocket, a tunnel or another protocol that an HTTP request had been upgraded to. */
  | { type: 'upgraded'; protocol: string; url: string }
  /** A connection whose TLS handshake had not come to an end. */
  | { type: 'handshake' }
  /** A connection of a plain TCP, UNIX or TLS server. */
  | { type: 'socket'; remoteAddress: string | undefined }
