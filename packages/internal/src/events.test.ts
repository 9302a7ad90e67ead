import { once } from 'node:events'
import { expect, test } from 'vitest'
import { Events } from './events.ts'

type Numbered = { type: string; n: number }

const numbered = (n: number): Numbered => ({ type: 'numbered', n })

/** Takes the events of a loop, to its end or until there are `most`. */
async function take(events: AsyncIterable<Numbered>, most = Number.POSITIVE_INFINITY): Promise<number[]> {
  const taken: number[] = []
  for await (const { n } of events) if (taken.push(n) >= most) break
  return taken
}

test('a listener gets every event until its registration is disposed of', () => {
  const source = new Events<Numbered>()
  const seen: number[] = []
  const listener = ({ n }: Numbered) => seen.push(n)
  const first = source.onEvent(listener)
  source.onEvent(listener)
  source.emit(numbered(1))
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  source.emit(numbered(2))
  expect(seen).toEqual([1, 1, 2])
})

test('a listener that fails is a warning, and the next one gets the event', async () => {
  const source = new Events<Numbered>()
  const warned = once(process, 'warning')
  const seen: number[] = []
  source.onEvent(() => {
    throw new Error('no')
  })
  source.onEvent(({ n }) => seen.push(n))
  source.emit(numbered(1))
  expect(seen).toEqual([1])
  expect((await warned)[0]).toMatchObject({ code: 'SHELLFLIP_LISTENER_FAILED' })
})

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw 'no'
    },
  ],
  ['rejects', () => Promise.reject('no')],
])('a source can take what a listener %s itself', async (_, listener) => {
  const failures: unknown[] = []
  const source = new Events<Numbered>((error, event) => failures.push([error, event.n]))
  source.onEvent(listener)
  source.emit(numbered(7))
  await Promise.resolve()
  expect(failures).toEqual([['no', 7]])
})

test('a loop yields every event since events() was called, and ends', async () => {
  const source = new Events<Numbered>()
  source.emit(numbered(0))
  const [one, other] = [source.events(), source.events()]
  source.emit(numbered(1))
  const taking = take(one)
  await Promise.resolve()
  source.emit(numbered(2))
  source.end()
  source.emit(numbered(3))
  expect(await taking).toEqual([1, 2])
  expect(await take(other)).toEqual([1, 2])
  expect(await take(source.events())).toEqual([])
})

test('an event that a listener causes follows its cause', async () => {
  const source = new Events<Numbered>()
  source.onEvent(({ n }) => {
    if (n === 1) source.emit(numbered(2))
  })
  const events = source.events()
  source.emit(numbered(1))
  source.end()
  expect(await take(events)).toEqual([1, 2])
})

test('a loop that is left gets nothing more, and the others do', async () => {
  const source = new Events<Numbered>()
  const [left, other] = [source.events(), source.events()]
  source.emit(numbered(1))
  source.emit(numbered(2))
  expect(await take(left, 1)).toEqual([1])
  source.emit(numbered(3))
  expect(await take(left)).toEqual([])
  source.end()
  expect(await take(other)).toEqual([1, 2, 3])
})

test('a loop that waits ends when it is left from outside', async () => {
  const source = new Events<Numbered>()
  const iterator = source.events()[Symbol.asyncIterator]()
  const waiting = iterator.next()
  await iterator.return?.()
  expect(await waiting).toEqual({ done: true, value: undefined })
})
