import { expect, test } from 'vitest'
import { AnswerReader, generationIn } from './answer-reader.mjs'

const small = 'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nGENERATION 12\n'
const last = 'HTTP/1.1 200 OK\r\nX: 1\r\nconnection: close\r\ncontent-length:13\r\n\r\nGENERATION 3\n'
const big = (fill) => {
  const body = 'GENERATION 4\n'.padEnd(204_800, '.')
  return `HTTP/1.1 200 OK\r\nContent-Length: 204800\r\n\r\n${fill ? body.slice(0, -1) + fill : body}`
}

function read(path, text, size) {
  const reader = new AnswerReader()
  const answers = []
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) {
    reader.read(bytes.subarray(at, at + size), (answer) => answers.push(answer))
  }
  return {
    begun: reader.begun,
    answers: answers.map((answer) => [generationIn(path, answer), answer.isLast]),
  }
}

test.each([1, 7, 64, 1_000])('answers in pieces of %d bytes', (size) => {
  const { answers, begun } = read('/', small + last + small.slice(0, 30), size)
  expect(answers).toEqual([
    ['12', false],
    ['3', true],
  ])
  expect(begun).toBe(true)
})

test('a large answer is compared to its last byte', () => {
  expect(read('/big', big() + big(), 65_536).answers).toEqual([
    ['4', false],
    ['4', false],
  ])
  expect(read('/big', big('!'), 65_536).answers).toEqual([[undefined, false]])
  expect(read('/big', small, 64).answers).toEqual([[undefined, false]])
  expect(read('/', big(), 65_536).answers).toEqual([[undefined, false]])
})

test.each(['SSH-2.0-x\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'])(
  '%j is not an answer',
  (text) => {
    expect(() => read('/', text, 1_000)).toThrow('not an answer of the bench')
  },
)
