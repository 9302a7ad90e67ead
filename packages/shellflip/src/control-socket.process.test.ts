import { existsSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { FlipSandbox } from './testing/flip-sandbox.ts'

describe
  .runIf(process.platform === 'linux')
  .concurrent('R10: the control socket', { timeout: 90_000 }, () => {
    test('of a live instance is never taken by a second one', async () => {
      await using service = await FlipSandbox.serving({ state: {} })
      const [pid] = service.pids() as [number]
      const before = service.fds(pid)
      for (let round = 0; round < 3; round++) {
        const second = await service.start()
        await service.event({ type: 'failed', pid: second, code: 'ERR_CONTROL_PATH_IN_USE' })
        expect(await service.exitOf(second)).toEqual({ code: 1, signal: null })
      }
      await service.onlyLives(pid)
      await service.holds(pid, before)
      expect(service.owners()).toEqual({ port: [pid], path: [pid], control: [pid] })
      expect(await service.upgraded()).not.toBe(pid)
    })

    test('is never taken in the middle of an upgrade either', async () => {
      await using service = await FlipSandbox.serving()
      service.plan({ at: { 'before-ready': 'stall' } })
      const asked = service.upgraded()
      const { pid: successor } = await service.event({ type: 'at', point: 'before-ready' })
      const second = await service.start()
      await service.event({ type: 'failed', pid: second, code: 'ERR_CONTROL_PATH_IN_USE' })
      service.plan({ at: {} })
      expect(await asked).toBe(successor)
      await service.onlyLives(successor)
    })

    test('that a dead one has left is taken over, by one of two that start at once', async () => {
      await using service = await FlipSandbox.serving()
      const [dead] = service.pids() as [number]
      process.kill(dead, 'SIGKILL')
      await service.exitOf(dead)
      expect(existsSync(service.controlSocket)).toBe(true)
      const starts = await Promise.all([service.start(), service.start()])
      const { pid: loser } = await service.event({ type: 'failed' })
      const [winner] = starts.filter((pid) => pid !== loser) as [number]
      await service.event({ type: 'serving', pid: winner })
      await service.onlyLives(winner)
      expect(service.owners()).toEqual({ port: [winner], path: [winner], control: [winner] })
      expect(await service.upgraded()).not.toBe(winner)
    })
  })

describe
  .runIf(process.platform === 'linux')
  .concurrent('R11: nobody is blocked by a client', { timeout: 90_000 }, () => {
    const endless = Buffer.concat([Buffer.from([0, 1, 0, 0]), Buffer.alloc(60_000, 0x20)])
    const clients: Record<string, (socket: Socket) => unknown> = {
      'says nothing': () => {},
      'says nothing and closes its side': (socket) => socket.end(),
      'sends garbage': (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(100)),
      'announces 4 GiB': (socket) => socket.write(Buffer.alloc(4, 0xff)),
      'does not end its frame': (socket) => socket.write(endless),
      'asks something unknown': (socket) => socket.write(frame({ Request: 'Explode' })),
    }

    test.each(Object.entries(clients))('that %s', async (_, misbehave) => {
      await using service = await FlipSandbox.serving()
      const [first] = service.pids() as [number]
      const sockets = Array.from({ length: 5 }, () => connect(service.controlSocket))
      for (const socket of sockets) {
        socket.on('error', () => {})
        misbehave(socket)
      }
      const second = await service.upgraded()
      expect(await service.exitOf(first)).toEqual({ code: 0, signal: null })
      await service.onlyLives(second)
      expect(await service.upgraded()).not.toBe(second)
      for (const socket of sockets) socket.destroy()
    })
  })

function frame(message: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(message))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, json])
}
