import { describe, expect, test } from 'vitest'
import { HandoverChannel } from './handover-channel.ts'
import { program } from './testing/program.ts'

/** Gives 8 MiB, as one value and as items, to a successor in the same process. Returns how each ended. */
const outcomes = `
  const { closeSync, openSync } = await import('node:fs')
  const { defineStateStream } = await import('@shellflip/state-serialization')
  const Blocks = defineStateStream({ name: 'block', version: 1, schema: z.instanceof(Buffer) })
  const value = Buffer.from(Uint32Array.from({ length: 2 * 1024 * 1024 }, (_, index) => index).buffer)
  const items = Array.from({ length: 80 }, (_, index) => value.subarray(index * 100_000, (index + 1) * 100_000))
  async function outcome(definition, state, take, begin) {
    const { channel: predecessor, remote } = HandoverChannel.pair()
    const successor = HandoverChannel.adopt(remote)
    const end = begin()
    const giving = giveHandover(predecessor, { version: '1', sockets: [], state: { definition, ...state } })
    const taking = takeOver(successor, { states: [definition] }).then(async (takeover) => {
      const taken = await take(takeover)
      await takeover.ready()
      takeover.close()
      return taken
    })
    const taken = await taking.catch((error) => error.code)
    const { type, failure } = await giving
    end()
    predecessor.close()
    return [taken, type, failure?.type, failure?.error?.code, failure?.error?.cause?.code].join(' ').trim()
  }
  async function both(begin) {
    const whole = await outcome(Block, { value }, async (takeover) => {
      const taken = await takeover.state(Block)
      return taken.equals(value) && taken.length
    }, begin)
    const count = async (takeover) => {
      let bytes = 0
      for await (const item of takeover.items(Blocks)) {
        if (!item.equals(value.subarray(bytes, bytes + 100_000))) return false
        bytes += item.length
      }
      return bytes
    }
    console.log(whole + ', ' + (await outcome(Blocks, { items }, count, begin)) + '.')
    channel.close()
  }
`

function run(code: string, limits: { descriptorLimit?: number; fileLimit?: number }) {
  const { channel, remote } = HandoverChannel.pair()
  const process = program(outcomes + code, { extraFds: [remote.fd], ...limits })
  remote.close()
  return {
    process,
    async [Symbol.asyncDispose]() {
      channel.close()
      await process[Symbol.asyncDispose]()
    },
  }
}

describe.runIf(process.platform === 'linux')('a process', () => {
  test('that cannot have a memory file gives its state in messages', async () => {
    const code = `
      await both(() => {
        const all = []
        try { for (;;) all.push(openSync('/dev/null')) } catch {}
        return () => all.forEach(closeSync)
      })
    `
    await using running = run(code, { descriptorLimit: 200 })
    const [outcome] = await running.process.printed(/.*\./)
    expect(outcome).toBe('8388608 committed, 8000000 committed.')
  })

  // In blocks of 512 bytes. The first write meets the end of the file, or a later one.
  test.each([1, 2_048, 6_000])(
    'whose memory file cannot grow gives the rest in messages: %i',
    async (fileLimit) => {
      await using running = run('await both(() => () => {})', { fileLimit })
      const [outcome] = await running.process.printed(/.*\./)
      expect(outcome).toBe('8388608 committed, 8000000 committed.')
    },
  )
})
