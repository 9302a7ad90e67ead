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
  return Array.from({ length: count }, () => {
    const size = sendGroup(pace)
    for (let n = 0; n < size; n++) pace.answered(answerMs)
    return size
  })
}

test('groups begin small, double while answers are quick, and have 64 at most', () => {
  const pace = new MovePace()
  pace.begin(300)
  expect(groups(pace, 5, 1)).toEqual([8, 16, 32, 64, 64])
})

test('groups hardly grow while answers are slow', () => {
  const pace = new MovePace()
  pace.begin(300)
  expect(groups(pace, 5, 50)).toEqual([8, 8, 9, 10, 11])
})

test('the first group is a part of thousands', () => {
  const pace = new MovePace()
  pace.begin(3_200)
  expect(sendGroup(pace)).toBe(50)
})

test('however quick the answers, 256 wait for one at most', () => {
  const pace = new MovePace()
  pace.begin(10_000)
  groups(pace, 10, 1)
  expect([64, 64, 64, 64, 0].map(() => sendGroup(pace))).toEqual([64, 64, 64, 64, 0])
  pace.answered(1)
  expect(pace.room).toBe(1)
})
