/**
 * How long is waited for what a successor that cannot serve any more may still tell. A process that ends is seen by its
 * channel a moment before its exit status is. One whose channel somebody on the way has closed, as sudo does, has yet to
 * start before it can say why.
 */
export const lastWordsMs = 5_000
