import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { pipe } from './descriptors.ts'
import { writersGone } from './testing/messages.ts'
import { UnixSocket } from './unix-socket.ts'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

/** A program that may have so many descriptors; the socket given to it is its fd 3. */
function limitedProgram(limit: number, code: string, socket: UnixSocket): TestProcess {
  const imports = "import * as fdPassing from '@shellflip/fd-passing'; import fs from 'node:fs';"
  const script = `ulimit -n ${limit} && exec "$0" --input-type=module -e "$1"`
  return TestProcess.start('sh', ['-c', script, process.execPath, `${imports}\n${code}`], {
    cwd: packageFolder,
    extraFds: [socket.fd],
  })
}

describe.runIf(process.platform === 'linux')('a process short of descriptors', () => {
  it('reports lost fds, keeps none of them, and receives the next message', async () => {
    const [sender, receiver] = UnixSocket.pair('seqpacket')
    using _sender = sender
    await using child = limitedProgram(
      60,
      `const socket = fdPassing.UnixSocket.adopt(new fdPassing.OwnedFd(3))
       console.log('started')
       const open = () => fs.readdirSync('/proc/self/fd').length
       await socket.receive()
       const before = open()
       const { code, message } = await socket.receive().catch((error) => error)
       const after = open()
       const { data, fds } = await socket.receive()
       console.log(JSON.stringify({ code, message, leaked: after - before, next: data.toString(), fds: fds.length }))
       process.exit()`,
      receiver,
    )
    await child.printed(/started/)
    receiver.close()
    const { reader, writer } = pipe()
    using _reader = reader
    await sender.send('begin')
    await sender.send('too many', { fds: Array.from({ length: 100 }, () => writer) })
    await sender.send('few', { fds: [writer] })
    writer.close()
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    const { message, ...told } = JSON.parse(child.stdout.replace('started\n', ''))
    expect(told).toEqual({ code: 'ERR_FD_LOST', leaked: 0, next: 'few', fds: 1 })
    expect(message).toMatch(/too few free descriptors.*Raise its limit/)
    await writersGone(reader)
  })

  it('waits with sending more than may be in flight, until some have arrived', async () => {
    const [receiver, sender] = UnixSocket.pair('seqpacket')
    using _receiver = receiver
    await using child = limitedProgram(
      60,
      `if (process.getuid() === 0) process.setuid(65534)
       const socket = fdPassing.UnixSocket.adopt(new fdPassing.OwnedFd(3))
       const own = new fdPassing.OwnedFd(fs.openSync('/dev/null'))
       let sent = 0
       const sends = Array.from({ length: 40 }, () =>
         socket.send('10', { fds: Array(10).fill(own) }).then(() => sent++))
       await new Promise((resolve) => setImmediate(resolve))
       console.log('in flight ' + sent)
       await Promise.all(sends)
       console.log('sent ' + sent)
       process.exit()`,
      sender,
    )
    const [, inFlight] = await child.printed(/in flight (\d+)/)
    sender.close()
    expect(Number(inFlight)).toBeLessThan(40)
    let fds = 0
    for await (const message of receiver) {
      fds += message.fds.length
      for (const fd of message.fds) fd.close()
    }
    expect(fds).toBe(400)
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    expect(child.stdout).toContain('sent 40')
  })

  // Root may have any number in flight, and descriptors in flight count per uid: each child has a uid of its own.
  const itAsRoot = it.skipIf(process.getuid?.() !== 0)
  const fillUp = `process.setuid(100_000 + process.pid)
    const own = new fdPassing.OwnedFd(fs.openSync('/dev/null'))
    const ten = Array(10).fill(own)
    const [held, holding] = fdPassing.UnixSocket.pair('seqpacket')
    const refusal = (promise) => promise.then(() => 'sent', ({ code, errno, message }) => ({ code, errno, message }))
    const fill = async () => {
      for (;;) {
        const answer = await refusal(holding.send('held', { fds: ten, retryTimeoutMs: 0 }))
        if (answer !== 'sent') return answer
      }
    }
    const socket = fdPassing.UnixSocket.adopt(new fdPassing.OwnedFd(3))
    const first = await fill()`

  itAsRoot(
    'fails a send that stays refused, names the limit, and sends again when there is room',
    async () => {
      const [receiver, sender] = UnixSocket.pair('stream')
      using _receiver = receiver
      await using child = limitedProgram(
        60,
        `${fillUp}
       const start = performance.now()
       const answers = await Promise.all(
         ['a', 'b', 'c'].map((data) => refusal(socket.send(data, { fds: ten, retryTimeoutMs: 1_500 }))))
       const tookMs = performance.now() - start
       const plain = await refusal(socket.send('bytes alone'))
       const waiting = refusal(socket.send('later', { fds: ten, retryTimeoutMs: 10_000 }))
       for (const fd of (await held.receive()).fds) fd.close()
       console.log(JSON.stringify({ first, answers, tookMs, plain, waiting: await waiting }))
       process.exit()`,
        sender,
      )
      sender.close()
      const messages: string[] = []
      let fds = 0
      for await (const message of receiver) {
        messages.push(message.data.toString())
        fds += message.fds.length
        for (const fd of message.fds) fd.close()
      }
      expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
      const { first, answers, tookMs, plain, waiting } = JSON.parse(child.stdout)
      for (const answer of [first, ...answers]) {
        expect(answer).toMatchObject({ code: 'ERR_SYSTEM', errno: 'ETOOMANYREFS' })
        expect(answer.message).toMatch(/in flight.*ulimit -n, LimitNOFILE=/)
      }
      // Those that wait together fail together: one after the other would take three times as long.
      expect(tookMs).toBeGreaterThan(1_400)
      expect(tookMs).toBeLessThan(4_000)
      expect(plain).toBe('sent')
      expect(waiting).toBe('sent')
      expect({ data: messages.join(''), fds }).toEqual({ data: 'bytes alonelater', fds: 10 })
    },
  )

  itAsRoot('ends the wait of a refused send with the reason of its signal', async () => {
    const [receiver, sender] = UnixSocket.pair('seqpacket')
    using _receiver = receiver
    await using child = limitedProgram(
      60,
      `${fillUp}
       const ending = new AbortController()
       const aborted = refusal(socket.send('never', { fds: ten, signal: ending.signal, retryTimeoutMs: 60_000 }))
       const behind = socket.send('behind')
       ending.abort(new Error('the upgrade is over'))
       await behind
       console.log(JSON.stringify({ aborted: await aborted }))
       process.exit()`,
      sender,
    )
    sender.close()
    expect((await receiver.receive())?.data.toString()).toBe('behind')
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    expect(JSON.parse(child.stdout).aborted.message).toBe('the upgrade is over')
  })
})

describe.runIf(process.platform === 'linux')('a process without a free descriptor', () => {
  it('still knows whether its folder and its socket are at their paths', async () => {
    using folder = temporaryFolder()
    const [receiver, sender] = UnixSocket.pair('seqpacket')
    using _receiver = receiver
    await using child = limitedProgram(
      60,
      `const path = ${JSON.stringify(folder.join('own'))}
       fs.mkdirSync(path)
       const own = new fdPassing.OwnFolder(path)
       const listener = fdPassing.listenUnix({ path: path + '/1.sock' })
       const look = () => [own.isThere, fdPassing.socketFileAt(path + '/1.sock') !== undefined]
       try { for (;;) fs.openSync('/dev/null') } catch {}
       const before = look()
       own.unlinkSocket('1.sock')
       own.removeIfEmpty()
       console.log(JSON.stringify([before, look()]))
       process.exit()`,
      sender,
    )
    expect(await child.exit, child.stderr).toEqual({ code: 0, signal: null })
    expect(JSON.parse(child.stdout)).toEqual([
      [true, true],
      [false, false],
    ])
  })
})
