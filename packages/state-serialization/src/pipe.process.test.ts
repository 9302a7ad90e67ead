import { execFileSync } from 'node:child_process'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { program } from './testing/program.ts'

/** A named pipe of the test's own. */
function namedPipe() {
  const folder = temporaryFolder()
  const path = folder.join('pipe')
  execFileSync('sh', ['-c', 'mkfifo "$0"', path])
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

const writeBlocks = (mebibytes: number) => `
  await pipeline(Blocks.encode(blocks(${mebibytes})), createWriteStream(process.env.PIPE))
  console.log('written, peak MiB: ' + peakMiB())
`

const readBlocks = `
  const startMiB = peakMiB()
  let [items, wrong] = [0, 0]
  try {
    for await (const { id, bytes } of Blocks.decode(createReadStream(process.env.PIPE))) {
      if (id !== items++ || bytes.length !== 65536 || bytes[0] !== id % 256) wrong++
      if (id === 100) console.log('amid')
    }
    console.log('whole: ' + items + ', wrong: ' + wrong + ', grown MiB: ' + (peakMiB() - startMiB))
  } catch (error) {
    console.log('refused: ' + error.code)
  }
`

const writeValue = `
  const value = Array.from({ length: 16 * 1024 }, (_, id) => ({ id, text: 'x'.repeat(4096) }))
  await pipeline(Value.encode(value), createWriteStream(process.env.PIPE))
  console.log('written')
`

describe.runIf(process.platform === 'linux')('through a pipe between processes', () => {
  test('256 MiB of items pass through memory that hardly grows, at both ends', async () => {
    using pipe = namedPipe()
    const env = { PIPE: pipe.path }
    await using writer = program(
      `const startMiB = peakMiB(); ${writeBlocks(256)}; console.log('grown MiB: ' + (peakMiB() - startMiB))`,
      { env },
    )
    await using reader = program(readBlocks, { env })
    const [, items, wrong, readerMiB] = await reader.printed(
      /whole: (\d+), wrong: (\d+), grown MiB: ([\d.]+)/,
      {
        deadlineMs: 25_000,
      },
    )
    const [, writerMiB] = await writer.printed(/grown MiB: ([\d.]+)/)
    expect({ items: Number(items), wrong: Number(wrong) }).toEqual({ items: 256 * 16, wrong: 0 })
    expect(Number(readerMiB)).toBeLessThan(96)
    expect(Number(writerMiB)).toBeLessThan(96)
  })

  test('a writer that is killed amid it is a quick refusal', async () => {
    using pipe = namedPipe()
    const env = { PIPE: pipe.path }
    await using writer = program(writeBlocks(16 * 1024), { env })
    await using reader = program(readBlocks, { env })
    await reader.printed(/amid/)
    writer.kill('SIGKILL')
    expect((await reader.printed(/refused: (\S+)/, { deadlineMs: 5_000 }))[1]).toBe('ERR_STATE_TRUNCATED')
  })

  test('a reader that is killed amid it is a quick error for the writer', async () => {
    using pipe = namedPipe()
    const env = { PIPE: pipe.path }
    await using writer = program(
      `await pipeline(Blocks.encode(blocks(16 * 1024)), createWriteStream(process.env.PIPE)).catch(({ code }) => console.log('failed: ' + code))`,
      { env },
    )
    await using reader = program(readBlocks, { env })
    await reader.printed(/amid/)
    reader.kill('SIGKILL')
    expect((await writer.printed(/failed: (\S+)/))[1]).toBe('EPIPE')
    expect(await writer.exit).toEqual({ code: 0, signal: null })
  })

  test('one value of 64 MiB arrives whole; cut off by a kill, it does not arrive', async () => {
    using pipe = namedPipe()
    const env = { PIPE: pipe.path }
    const read = `
      const source = createReadStream(process.env.PIPE)
      source.once('readable', () => console.log('began'))
      await Value.decode(source).then(
        (value) => console.log('whole: ' + value.length + ' ' + value.at(-1).text.length),
        (error) => console.log('refused: ' + error.code),
      )
    `
    {
      await using reader = program(read, { env })
      await using _ = program(writeValue, { env })
      expect((await reader.printed(/whole: (.*)/))[1]).toBe(`${16 * 1024} 4096`)
    }
    const stall = `
      async function* some() {
        let count = 0
        for await (const chunk of Value.encode(Buffer.alloc(64 * 1024 * 1024))) {
          yield chunk
          if (++count === 100) await new Promise(() => setInterval(() => {}, 1_000))
        }
      }
      await pipeline(some, createWriteStream(process.env.PIPE))
    `
    await using reader = program(read, { env })
    await using writer = program(stall, { env })
    await reader.printed(/began/)
    writer.kill('SIGKILL')
    expect((await reader.printed(/refused: (\S+)/))[1]).toBe('ERR_STATE_TRUNCATED')
  })
})
