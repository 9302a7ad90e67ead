import { expect, expectTypeOf, test } from 'vitest'
import * as shape from './shape.ts'

const service = shape.object({
  name: shape.string,
  pid: shape.integer(2),
  load: shape.number,
  since: shape.dateTime,
  isReady: shape.optional(shape.boolean),
  sockets: shape.arrayOf(shape.object({ port: shape.integer() })),
  state: shape.oneOf('starting', 'serving'),
})
const valid = {
  name: 'api',
  pid: 4711,
  load: 0.5,
  since: '2026-01-02T03:04:05.678Z',
  sockets: [{ port: 8080 }],
  state: 'serving' as const,
}

test('a value that fits is returned, without what the shape does not name', () => {
  expect(service.parse({ ...valid, later: true, sockets: [{ port: 8080, later: true }] })).toEqual(valid)
  expect(service.safeParse({ ...valid, isReady: false })).toEqual({
    success: true,
    data: { ...valid, isReady: false },
  })
  expect(service.safeEncode({ ...valid, isReady: undefined })).toEqual({ success: true, data: valid })
})

test.each([
  [{ name: 7 }, 'name must be a string'],
  [{ name: undefined }, 'name must be a string'],
  [{ pid: 1 }, 'pid must be an integer from 2 on'],
  [{ pid: 2.5 }, 'pid must be an integer from 2 on'],
  [{ pid: 2 ** 53 }, 'pid must be an integer from 2 on'],
  [{ load: Number.NaN }, 'load must be a number'],
  [{ since: 'yesterday' }, 'since must be a date and time in UTC'],
  [{ since: '2026-13-02T03:04:05Z' }, 'since must be a date and time in UTC'],
  [{ isReady: null }, 'isReady must be a boolean'],
  [{ sockets: {} }, 'sockets must be an array'],
  [{ sockets: [{ port: 1 }, { port: '2' }] }, 'sockets.1.port must be an integer'],
  [{ sockets: [null] }, 'sockets.0 must be an object'],
  [{ state: 'over' }, 'state must be one of "starting", "serving"'],
])('%j is refused: %s', (change, message) => {
  const checked = service.safeParse({ ...valid, ...change })
  expect(checked).toMatchObject({ success: false, error: { message } })
})

test('a value that is not an object is refused', () => {
  for (const value of [null, undefined, 'text', []]) {
    expect(() => service.parse(value)).toThrow('it must be an object')
  }
})

test('variants have the properties of their type', () => {
  const request = shape.variants({ roll: {}, stop: { now: shape.optional(shape.boolean) } })
  expect(request.parse({ type: 'stop', now: true, watch: true })).toEqual({ type: 'stop', now: true })
  expect(request.parse({ type: 'roll', now: true })).toEqual({ type: 'roll' })
  expect(() => request.parse({ type: 'stop', now: 1 })).toThrow('now must be a boolean')
  expect(() => request.parse({ type: 'toString' })).toThrow('type must be one of "roll", "stop"')
  expectTypeOf<shape.ShapeOf<typeof request>>().toEqualTypeOf<
    { type: 'roll' } | { type: 'stop'; now?: boolean | undefined }
  >()
})
