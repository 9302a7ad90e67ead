import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
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
