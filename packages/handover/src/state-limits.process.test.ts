import { describe, expect, test } from 'vitest'
import { HandoverChannel } from './handover-channel.ts'
import { program } from './testing/program.ts'

/** Gives 8 MiB, as one value and as items, to a successor in the same process. Returns how each ended. */
const outcomes = `
  const { closeSync, openSync } = await import('node:fs')
  const { defineStateStream } = await import('@shellflip/state-serialization')
  const Blocks = defineStateStream({ name: 'block', version: 1, schema: z.instanceof(Buffer) })
  const value = Buffer.alloc(8 * 1024 * 1024, 7)
  const items = Array.from({ length: 80 }, () => value.subarray(0, 100_000))
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
    const whole = await outcome(Block, { value }, async (takeover) => (await takeover.state(Block)).length, begin)
    const count = async (takeover) => {
      let bytes = 0
      for await (const item of takeover.items(Blocks)) bytes += item.length
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

  test('whose memory file cannot grow fails for that reason, and can try again', async () => {
    await using running = run('await both(() => () => {})', { fileLimit: 2_048 })
    const [outcome] = await running.process.printed(/.*\./)
    expect(outcome).toBe(
      'ERR_REFUSED failed state ERR_STATE_UNWRITABLE EFBIG, ERR_REFUSED failed state EFBIG.',
    )
  })
})
