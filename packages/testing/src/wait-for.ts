import { setTimeout as delay } from 'node:timers/promises'

export type WaitOptions = {
  /** How long to go on asking, in milliseconds. @default 10_000 */
  deadlineMs?: number
  /** The name of the awaited condition, for the error if it does not come. */
  what?: string
}

/** Asks `probe` again and again until it answers something truthy, and returns that; throws at the deadline. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { deadlineMs = 10_000, what = 'the condition' }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + deadlineMs
  let lastError: unknown
  for (;;) {
    try {
      const answer = await probe()
      if (answer) return answer
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${deadlineMs} ms for ${what} in vain`, { cause: lastError })
    }
    await delay(10)
  }
}
