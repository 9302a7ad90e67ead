/** Waits for a promise, but not beyond a deadline (of `performance.now()`). */
export async function within<T>(promise: Promise<T>, deadline: number, tooLate: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooLate()), Math.max(0, deadline - performance.now()))
  })
  try {
    return await Promise.race([promise, expired])
  } finally {
    clearTimeout(timer)
  }
}
