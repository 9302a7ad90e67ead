/** Milliseconds of a clock that all processes of this machine share (CLOCK_MONOTONIC). */
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now()

export function sharedNow() {
  return performance.now() + offset
}
