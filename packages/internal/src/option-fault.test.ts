import { describe, expect, it } from 'vitest'
import { optionFault, show, unknownOptionFault } from './option-fault.ts'

describe('unknownOptionFault', () => {
  const known = ['port', 'host', 'readyTimeoutMs']

  it.each([
    [{}, undefined],
    [{ port: 1, host: undefined }, undefined],
    [{ prot: 1 }, 'listen() has no option "prot". Did you mean "port"?'],
    [{ readyTimeout: 1 }, 'listen() has no option "readyTimeout". Did you mean "readyTimeoutMs"?'],
    [{ HOST: 1 }, 'listen() has no option "HOST". Did you mean "host"?'],
    [{ 'a\u001b[31m': 1 }, 'listen() has no option "a\\u001b[31m". It has "port", "host", "readyTimeoutMs".'],
    [{ backlog: undefined }, 'listen() has no option "backlog". It has "port", "host", "readyTimeoutMs".'],
  ])('%j', (options, sentence) => {
    expect(unknownOptionFault('listen()', options, known)).toBe(sentence)
  })

  it.each([
    [8080, '8080'],
    ['8080', '"8080"'],
    [null, 'null'],
    [[8080], 'an array'],
    [() => {}, 'a function'],
    [new Map([['port', 1]]), 'an object of class Map'],
    [new Set(['port']), 'an object of class Set'],
    [Promise.resolve({ port: 1 }), 'an object of class Promise'],
    [new Date(), 'an object of class Date'],
    [new Number(8080), 'an object of class Number'],
  ])('reports %j in the place of an object', (options, shown) => {
    const sentence = `listen() takes its options as an object, not ${shown}.`
    expect(unknownOptionFault('listen()', options as never, known)).toBe(sentence)
  })
})

describe('optionFault', () => {
  const types = {
    text: 'string',
    flag: 'boolean',
    hook: 'function',
    nested: 'object',
    signal: 'AbortSignal',
    backlog: 'count',
    timeoutMs: 'milliseconds',
    free: 'any',
  } as const

  it.each([
    [
      { text: 'x', flag: false, hook() {}, nested: {}, backlog: 0, timeoutMs: 0.5, free: Symbol.iterator },
      '',
    ],
    [{ signal: new AbortController().signal, text: undefined, timeoutMs: Number.POSITIVE_INFINITY }, ''],
    [{ txt: 'x' }, 'f() has no option "txt". Did you mean "text"?'],
    [{ text: 5 }, 'f(): text must be a string, not 5.'],
    [{ flag: 'no' }, 'f(): flag must be true or false, not "no".'],
    [{ hook: {} }, 'f(): hook must be a function, not an object.'],
    [{ nested: [] }, 'f(): nested must be an object, not an array.'],
    [{ nested: new Map() }, 'f(): nested must be an object, not an object of class Map.'],
    [
      { signal: new AbortController() },
      'f(): signal must be an AbortSignal, not an object of class AbortController.',
    ],
    [{ backlog: 1.5 }, 'f(): backlog must be a whole number from 0 on, not 1.5.'],
    [{ timeoutMs: '5' }, 'f(): timeoutMs must be a number of milliseconds from 0 on, not "5".'],
    [{ timeoutMs: Number.NaN }, 'f(): timeoutMs must be a number of milliseconds from 0 on, not NaN.'],
    [{ timeoutMs: null }, 'f(): timeoutMs must be a number of milliseconds from 0 on, not null.'],
  ])('%j', (options, sentence) => {
    expect(optionFault('f()', options, types) ?? '').toBe(sentence)
  })
})

it.each([
  ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
  [5n, '5n'],
  [Object.create(null), 'an object'],
  [{ constructor: { name: 5 } }, 'an object'],
  [new Map(), 'an object of class Map'],
  [Symbol('x'), 'Symbol(x)'],
])('shows a value shortly', (value, shown) => {
  expect(show(value)).toBe(shown)
})
