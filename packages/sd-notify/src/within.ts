import { RunningTimer } from '@shellflip/internal'

/** Waits for a promise, but not beyond a deadline (of `performance.now()`). A pause of this process puts that off. */
export async function within<T>(promise: Promise<T>, deadline: number, tooLate: () => Error): Promise<T> {
  let timer: RunningTimer | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = new RunningTimer(deadline - performance.now(), () => reject(tooLate()))
  })
  try {
    return await Promise.race([promise, expired])
  } finally {
    timer?.[Symbol.dispose]()
  }
}
