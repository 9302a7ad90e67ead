import { describe, expect, it } from 'vitest'
import { program } from './testing/program.ts'

describe.runIf(process.platform === 'linux')('the event loop', () => {
  it('ends with idle sockets, and with waiting ones that are unreferenced', async () => {
    await using run = program(`
      const [left, right] = fdPassing.UnixSocket.pair('stream')
      const listener = fdPassing.UnixListener.listen({ path: '@' + process.pid }).unref()
      await Promise.all([left.send('x'), right.receive()])
      right.unref().receive()
      listener.accept()
      fdPassing.watchPid(process.ppid, () => {}).unref()
      process.on('exit', () => console.log('over'))
    `)
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(run.stdout).toBe('over\n')
  })

  it('keeps running while a call waits', async () => {
    await using run = program(`
      const [left, right] = fdPassing.UnixSocket.pair('stream')
      right.unref().ref().receive().then(({ data }) => { console.log('got ' + data); process.exit() })
      setTimeout(() => left.send('it'), 50).unref()
    `)
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(run.stdout).toBe('got it\n')
  })

  it('has its turns, for timers and all others, amid 50,000 messages from another process', async () => {
    await using run = program(`
      import { spawn } from 'node:child_process'
      const count = 50_000
      const receiver = fdPassing.UnixSocket.bind({ type: 'datagram', address: '@' + process.pid })
      const flood = spawn(process.execPath, ['--input-type=module', '-e', \`
        import { UnixSocket } from '@shellflip/fd-passing'
        const socket = UnixSocket.connect({ type: 'datagram', address: '@\${process.pid}' })
        for (let index = 0; index < \${count}; index++) await socket.send('STATUS=' + index)
      \`], { stdio: 'inherit' })
      let index = 0, inThisTurn = 0, mostInATurn = 0
      let turn = setImmediate(function next() {
        inThisTurn = 0
        turn = setImmediate(next)
      })
      for await (const { data } of receiver) {
        mostInATurn = Math.max(mostInATurn, ++inThisTurn)
        if (data.toString() !== 'STATUS=' + index) throw new Error('out of order')
        if (++index === count) break
      }
      clearImmediate(turn)
      receiver.close()
      console.log(JSON.stringify({ mostInATurn, index }))
    `)
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const { mostInATurn, index } = JSON.parse(run.stdout)
    expect(index).toBe(50_000)
    expect(mostInATurn).toBeLessThanOrEqual(64)
  })
})
