/**
 * How long to wait for the last report of a successor that cannot serve any more, in milliseconds. The channel of an exiting process closes
 * a moment before its exit status arrives. A wrapper such as sudo closes the channel. Its successor must start before it can report the
 * reason.
 */
export const lastWordsMs = 5_000
