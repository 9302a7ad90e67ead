import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import { toBuffer } from './to-buffer.ts'

class Handle {
  constructor(readonly fd: number) {}
}

const isExternal = (value: unknown): value is Handle => value instanceof Handle

const Connections = defineState({
  name: 'connections',
  version: 1,
  schema: z.map(z.string(), z.object({ bytes: z.int(), socket: z.instanceof(Handle) })),
})

const [first, second] = [new Handle(7), new Handle(9)]
const connections = new Map([
  ['a', { bytes: 1, socket: first }],
  ['b', { bytes: 2, socket: second }],
  ['a again', { bytes: 3, socket: first }],
])

test('externals are collected, each once, and come back to their places', async () => {
  const encoded = Connections.encode(connections, { isExternal })
  expect(encoded.externals).toEqual([first, second])
  const taken = [new Handle(20), new Handle(21)]
  const back = await Connections.decode(encoded, { externals: taken })
  expect([...back.values()].map(({ socket }) => socket)).toEqual([taken[0], taken[1], taken[0]])
  expect(back.get('a')?.socket).toBe(back.get('a again')?.socket)
})

test('they are refused by name and place unless the caller takes them', () => {
  expect(() => Connections.encode(connections)).toThrow(
    expect.objectContaining({
      code: 'ERR_STATE_NOT_ENCODABLE',
      message: expect.stringContaining('state.a.socket: a Handle'),
    }),
  )
})

test('one that is missing, and one too many, are refused', async () => {
  const bytes = await toBuffer(Connections.encode(connections, { isExternal }))
  const refused = (externals: Handle[]) => expect(Connections.decode(bytes, { externals })).rejects
  await refused([]).toMatchObject({
    code: 'ERR_STATE_EXTERNALS',
    message: expect.stringContaining('external 0'),
  })
  await refused([first]).toMatchObject({
    code: 'ERR_STATE_EXTERNALS',
    message: expect.stringContaining('only 1'),
  })
  await refused([first, second, new Handle(3)]).toMatchObject({
    code: 'ERR_STATE_EXTERNALS',
    message: expect.stringContaining('external 2'),
  })
})

test('those of a stream are numbered across its items', async () => {
  const Handles = defineStateStream({ name: 'handles', version: 1, schema: z.instanceof(Handle) })
  const encoded = Handles.encode([first, second, first], { isExternal })
  const bytes = await toBuffer(encoded)
  expect(encoded.externals).toEqual([first, second])
  const back: Handle[] = []
  for await (const handle of Handles.decode(bytes, { externals: encoded.externals })) back.push(handle)
  expect(back).toEqual([first, second, first])
})
