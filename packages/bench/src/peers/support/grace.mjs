/**
 * The time, in milliseconds, that a draining process gives its live connections where the peer has an option for it.
 * It is the same for all peers, and below the interval of the reloads.
 */
export const graceMs = 1_000
