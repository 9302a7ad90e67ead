// A successor that is none: what it does with its handover channel, at fd 3, is told by ?deed=.
import { closeSync, writeSync } from 'node:fs'

const channel = 3
const hello = (protocol) => {
  const payload = Buffer.from(JSON.stringify({ protocol, pid: process.pid, accepts: {} }))
  const head = Buffer.alloc(7)
  head.writeUInt32BE(payload.length)
  head.writeUInt8(1, 4)
  return Buffer.concat([head, payload])
}
const deeds = {
  garbage: () => writeSync(channel, Buffer.alloc(4096, 0xa5)),
  close: () => closeSync(channel),
  'hello twice': () => writeSync(channel, Buffer.concat([hello(1), hello(1)])),
  'another version': () => writeSync(channel, hello(99)),
  'half a hello': () => writeSync(channel, hello(1).subarray(0, 20)),
}
deeds[new URL(import.meta.url).searchParams.get('deed')]()
setInterval(() => {}, 60_000)
