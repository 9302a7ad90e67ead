import { describe, expect, it } from 'vitest'
import { program } from './testing/program.ts'

describe.runIf(process.platform === 'linux')('what a grandchild inherits', () => {
  it('is none of the descriptors made or received here', async () => {
    await using run = program(`
      import { spawnSync } from 'node:child_process'
      const { UnixSocket, UnixListener } = fdPassing
      const owned = [
        ...Object.values(fdPassing.pipe()),
        ...fdPassing.socketpair('stream'),
        fdPassing.memfd('secret'),
        fdPassing.listenTcp({ host: '127.0.0.1', port: 0 }),
        fdPassing.bindUdp({ host: '127.0.0.1', port: 0 }),
        fdPassing.dup(0),
      ]
      const sockets = [
        ...UnixSocket.pair('stream'),
        UnixSocket.bind({ type: 'datagram', address: '@' + process.pid }),
        UnixSocket.connect({ type: 'datagram', address: '@' + process.pid }),
        UnixListener.listen({ path: '@' + process.pid + '-stream' }),
        UnixSocket.connect({ type: 'stream', address: '@' + process.pid + '-stream' }),
      ]
      sockets.push(await sockets[4].accept())
      await sockets[0].send('all', { fds: owned })
      const { fds } = await sockets[1].receive()
      const watch = fdPassing.watchPid(process.ppid, () => {})

      const left = fdPassing.dup(0)
      fdPassing.setCloexec(left.fd, false)
      const listed = spawnSync('sh', ['-c', 'ls /proc/$$/fd'], { encoding: 'utf8' }).stdout.split('\\n').map(Number)
      const made = [...owned, ...fds, ...sockets, left].map(({ fd }) => fd)
      console.log(JSON.stringify({ inherited: made.filter((fd) => listed.includes(fd)), left: left.fd, count: made.length }))
      for (const closable of [left, ...owned, ...fds, ...sockets, watch]) closable.close()
    `)
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const { inherited, left, count } = JSON.parse(run.stdout)
    expect(inherited).toEqual([left])
    expect(count).toBe(24)
  })
})
