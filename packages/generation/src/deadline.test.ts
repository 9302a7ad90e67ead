import { expect, test } from 'vitest'
import { Deadline } from './deadline.ts'
import { FakeSystem } from './testing.ts'

/** A clock that advances while it is read. */
class RunningClock extends FakeSystem {
  override now(): number {
    this.advance(0.6)
    return super.now()
  }
}

test('its length is the requested one, however long the arming takes', () => {
  const deadline = new Deadline(new RunningClock(), () => {})
  deadline.arm(2_000)
  expect(deadline.lengthMs).toBe(2_000)
})
