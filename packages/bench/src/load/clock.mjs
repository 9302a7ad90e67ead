/**
 * Milliseconds of a clock that all processes of this machine share: CLOCK_MONOTONIC. An offset to performance.now() would be wrong
 * by the time that this process was off the CPU between reading the two.
 */
export function sharedNow() {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000 + nanoseconds / 1e6
}
