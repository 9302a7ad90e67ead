import { endianness } from 'node:os'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CborWriter } from './cbor-writer.ts'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import { encodeValue } from './encode-value.ts'
import { toBuffer } from './to-buffer.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/#.*|\s/g, ''), 'hex')

const Settings = defineState({
  name: 'settings',
  version: 2,
  schema: z.object({ theme: z.string(), since: z.date() }),
})

/** The format is a promise to other releases: these bytes change only with the version of the envelope. */
const golden = hex(`
  53465354415445 01                                      # magic, version of the envelope
  01 0000000d 01 00000002 73657474696e6773 742d2e64      # header: one value, version 2, "settings"
  02 0000001f                                            # an item of 31 bytes
    bf 65 7468656d65 64 6461726b                         #   theme: "dark"
       65 73696e6365 d95348 1b 0000019640000000 ff       #   since: milliseconds
    19152f17
  05 00000010 0000000000000001 0000000000000046 ecba6dee # end: 1 item, 70 bytes before this
`)

const goldenStream = hex(`
  53465354415445 01
  01 00000008 02 00000001 6c6f67 180c2bc5                # header: items, version 1, "log"
  02 00000001 01 3dc1dd1d
  02 00000001 02 277005c8
  05 00000010 0000000000000002 000000000000002d bcd3b579 # end: 2 items, 45 bytes before this
`)

test('one value', async () => {
  const encoded = await toBuffer(Settings.encode({ theme: 'dark', since: new Date(0x019640000000) }))
  expect(encoded.toString('hex')).toBe(golden.toString('hex'))
  expect(await Settings.decode(golden)).toEqual({ theme: 'dark', since: new Date(0x019640000000) })
})

test('a stream of items', async () => {
  const Log = defineStateStream({ name: 'log', version: 1, schema: z.number() })
  const encoded = await toBuffer(Log.encode([1, 2]))
  expect(encoded.toString('hex')).toBe(goldenStream.toString('hex'))
})

class External {}

test.each([
  [[undefined, null, true, false], '84 f7 f6 f5 f4'],
  [[0, 24, 256, 65536, 2 ** 32, -1, -25], '87 00 1818 190100 1a00010000 1b0000000100000000 20 3818'],
  [1.5, 'fb 3ff8000000000000'],
  [-0, 'fb 8000000000000000'],
  [2 ** 53, 'fb 4340000000000000'],
  ['\u00e9', '62 c3a9'],
  ['\ud800', 'd95346 42 00d8'],
  [[1n, -1n, 256n], '83 c2 41 01 c3 41 00 c2 42 0100'],
  [{ a: 1, b: undefined }, 'bf 61 61 01 61 62 f7 ff'],
  [Object.create(null, { a: { value: 1, enumerable: true } }), 'd95349 bf 61 61 01 ff'],
  [new Map([[1, 'x']]), 'd90103 a1 01 61 78'],
  [new Set([1]), 'd90102 81 01'],
  [new Date(-1), 'd95348 20'],
  [Buffer.from([1]), '41 01'],
  [new Uint8Array([1]), 'd840 41 01'],
  [new Uint8ClampedArray([1]), 'd844 41 01'],
  [new Int8Array([-1]), 'd848 41 ff'],
  [new External(), 'd95347 00'],
])('%s', (value, expected) => {
  expect(encodedAlone(value)).toBe(hex(expected).toString('hex'))
})

test.runIf(endianness() === 'LE').each([
  [new Uint16Array([1]), 'd845 42 0100'],
  [new Uint32Array([1]), 'd846 44 01000000'],
  [new BigUint64Array([1n]), 'd847 48 0100000000000000'],
  [new Int16Array([1]), 'd84d 42 0100'],
  [new Int32Array([1]), 'd84e 44 01000000'],
  [new BigInt64Array([1n]), 'd84f 48 0100000000000000'],
  [new Float32Array([1]), 'd855 44 0000803f'],
  [new Float64Array([1]), 'd856 48 000000000000f03f'],
])('%s', (value, expected) => {
  expect(encodedAlone(value)).toBe(hex(expected).toString('hex'))
})

function encodedAlone(value: unknown): string {
  const writer = new CborWriter({ blockBytes: 1024, maxBytes: 1024, what: 'it' })
  encodeValue(value, { writer, numberExternal: (object) => (object instanceof External ? 0 : undefined) })
  return Buffer.concat(writer.finish()).toString('hex')
}
