import { expect, test } from 'vitest'
import { MovePace } from './move-pace.ts'

/** Sends as many as may be sent in one turn. */
function sendGroup(pace: MovePace): number {
  const { room } = pace
  for (let n = 0; n < room; n++) pace.sent()
  return room
}

/** The sizes of the groups, if each is answered before the next one. */
function groups(pace: MovePace, count: number, answerMs: number): number[] {
  return Array.from({ length: count }, (_, group) => {
    const size = sendGroup(pace)
    for (let n = 0; n < size; n++) pace.answered(group * answerMs, (group + 1) * answerMs)
    return size
  })
}

test('groups begin small, double while answers are quick, and have 64 at most', () => {
  const pace = new MovePace()
  pace.begin(300, 0)
  expect(groups(pace, 5, 1)).toEqual([8, 16, 32, 64, 64])
})

test('groups grow slowly while answers are slow', () => {
  const pace = new MovePace()
  pace.begin(300, 0)
  expect(groups(pace, 4, 20)).toEqual([8, 10, 13, 16])
})

test('groups double every 100 ms however slow the answers are', () => {
  const pace = new MovePace()
  pace.begin(300, 0)
  expect(groups(pace, 5, 100)).toEqual([8, 16, 32, 64, 64])
})

test('the first group is a part of thousands', () => {
  const pace = new MovePace()
  pace.begin(3_200, 0)
  expect(sendGroup(pace)).toBe(50)
})

test('however quick the answers, 256 wait for one at most', () => {
  const pace = new MovePace()
  pace.begin(10_000, 0)
  groups(pace, 10, 1)
  expect([64, 64, 64, 64, 0].map(() => sendGroup(pace))).toEqual([64, 64, 64, 64, 0])
  pace.answered(0, 1)
  expect(pace.room).toBe(1)
})
