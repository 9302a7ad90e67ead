import { describe, expect, it } from 'vitest'
import { program } from './testing/program.ts'

/** Asks for collection until the condition holds; the process would stay silent otherwise. */
const collectUntil = `
  async function collectUntil(condition) {
    while (!condition()) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const isOpen = (fd) => { try { fs.fstatSync(fd); return true } catch { return false } }
`

describe('a forgotten descriptor', () => {
  it('is closed and warned of', async () => {
    await using run = program(
      `${collectUntil}
      const number = fs.openSync('/dev/null')
      ;(() => { new fdPassing.OwnedFd(number) })()
      let warning
      process.on('warning', ({ code, message, detail }) => {
        warning = { code, message, detail, open: isOpen(number) }
      })
      await collectUntil(() => warning !== undefined)
      console.log(JSON.stringify(warning))`,
      { nodeArguments: ['--expose-gc', '--no-warnings'] },
    )
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const warning = JSON.parse(run.stdout)
    expect(warning).toMatchObject({ code: 'FD_FORGOTTEN', open: false })
    expect(warning.message).toMatch(/^fd \d+ was leaked/)
    expect(warning.detail).toContain('Close what you own')
  })

  it('is closed under an idle UnixSocket too, but not while a call waits on it', async () => {
    await using run = program(
      `${collectUntil}
      let forgotten, waitedFor, other
      await (async () => {
        const [left, right] = fdPassing.UnixSocket.pair('seqpacket')
        forgotten = left.fd
        await Promise.all([left.receive(), right.send('so that it has watched once')])
        const [one, two] = fdPassing.UnixSocket.pair('stream')
        waitedFor = one.fd
        one.receive().then((message) => console.log(message.data.toString()))
        other = two
      })()
      await collectUntil(() => !isOpen(forgotten))
      for (let times = 0; times < 20; times++) { gc(); await new Promise((resolve) => setImmediate(resolve)) }
      if (!isOpen(waitedFor)) throw new Error('collected while somebody waits')
      await other.send('still there')`,
      { nodeArguments: ['--expose-gc', '--no-warnings'] },
    )
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(run.stdout).toBe('still there\n')
  })

  it('is not one that was closed, released or taken over', async () => {
    await using run = program(
      `${collectUntil}
      const numbers = []
      let collected = 0
      const registry = new FinalizationRegistry(() => collected++)
      ;(() => {
        const closed = new fdPassing.OwnedFd(fs.openSync('/dev/null'))
        closed.close()
        const released = new fdPassing.OwnedFd(fs.openSync('/dev/null'))
        numbers.push(released.release())
        registry.register(closed)
        registry.register(released)
      })()
      process.on('warning', ({ code }) => console.log(code))
      await collectUntil(() => collected === 2)
      if (!isOpen(numbers[0])) throw new Error('the released one was closed')`,
      { nodeArguments: ['--expose-gc', '--no-warnings'] },
    )
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(run.stdout).toBe('')
  })
})
