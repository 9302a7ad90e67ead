import { utimesSync, writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { memfd, type NamedFd } from '@shellflip/fd-passing'
import { storedName } from '@shellflip/fd-store'
import { listenFds } from '@shellflip/sd-notify'
import { defineState, toBuffer } from '@shellflip/state-serialization'
import { openFds, waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { NoPredecessor } from './no-predecessor.ts'

// A service manager passes descriptors from 3 on, which this process has in use.
vi.mock('@shellflip/sd-notify', async (original) => ({
  ...(await original<typeof import('@shellflip/sd-notify')>()),
  listenFds: vi.fn(() => []),
}))

const Count = defineState({ name: 'count', version: 1, schema: z.string() })
const [ours, ofRust] = ['state:count', 'sf_mem_handover']

/** A memfd in the store, modified so many seconds ago. */
function stored(key: string, bytes: Uint8Array | string, age: number): NamedFd {
  const fd = memfd('no-predecessor')
  if (bytes.length > 0) writeSync(fd.fd, Buffer.from(bytes))
  const time = Date.now() / 1000 - age
  utimesSync(`/proc/self/fd/${fd.fd}`, time, time)
  return { name: storedName(key), fd }
}

/** Starts an instance with these in the store. */
async function started(passed: NamedFd[]) {
  vi.mocked(listenFds).mockReturnValueOnce(passed)
  const discarded: unknown[] = []
  const taken: string[] = []
  const predecessor = new NoPredecessor(
    (error) => discarded.push((error as Error).message),
    async (keys) => void taken.push(...keys),
    text,
  )
  const state = await predecessor.state(Count)
  await predecessor.ready(async () => {})
  await waitFor(() => ![...openFds().values()].some((target) => target.includes('no-predecessor')))
  return { state, discarded, taken }
}

const older = (name: string) => [
  `the fd store also has the state "${name}", which an instance before the last one left`,
]

describe.runIf(process.platform === 'linux')(
  'with a state of ours and one of the Rust crate in the store',
  () => {
    test.each<[string, { age: number; rust: [string, number][]; state: unknown; discarded: string[] }]>([
      [
        'ours wins if it was modified last',
        { age: 10, rust: [['41', 20]], state: 'own', discarded: older(ofRust) },
      ],
      [
        'the other wins if it was modified last',
        { age: 20, rust: [['41', 10]], state: '41', discarded: older('count') },
      ],
      [
        'the last of several counts',
        {
          age: 20,
          rust: [
            ['40', 30],
            ['41', 10],
          ],
          state: '41',
          discarded: older('count'),
        },
      ],
      [
        'none is restored after a crash',
        { age: 20, rust: [['', 10]], state: undefined, discarded: older('count') },
      ],
      ['an older crash does not matter', { age: 10, rust: [['', 20]], state: 'own', discarded: [] }],
    ])('%s', async (_, { age, rust, ...expected }) => {
      const own = stored(ours, await toBuffer(Count.encode('own')), age)
      const theirs = rust.map(([bytes, ago]) => stored(ofRust, bytes, ago))
      const begun = await started([own, ...theirs])
      expect(begun).toEqual({ ...expected, taken: [ours, ofRust] })
    })
  },
)
