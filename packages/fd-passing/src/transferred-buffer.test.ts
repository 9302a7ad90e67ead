import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { UnixSocket } from './unix-socket.ts'

const isPending = async (promise: Promise<unknown>) =>
  (await Promise.race([promise, nextTurn('pending')])) === 'pending'

test.each(['stream', 'datagram'] as const)(
  'a %s send fails if its buffer is transferred away while it waits for room',
  async (type) => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    while (!(await isPending(sender.send(Buffer.alloc(1_000)))));
    const data = new Uint8Array(100)
    const outcome = sender.send(data).catch((error: unknown) => error)
    structuredClone(data.buffer, { transfer: [data.buffer] })
    while (await isPending(outcome)) await receiver.receive()
    expect(await outcome).toMatchObject({ code: 'ERR_SYSTEM', errno: 'EINVAL', syscall: 'sendmsg' })
  },
)
