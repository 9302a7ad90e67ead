// A service with everything that leaves a file: a UNIX path as it was typed, a control socket, a pid file. $LEAVES_BY tells how it ends.
import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const ends = {
  'process.exit()': () => process.exit(3),
  'an exception': () => {
    throw new Error('planned')
  },
  'process.exit() amid its drain': () => {
    flip.stop()
    process.exit(3)
  },
  'a stop in another folder': () => {
    process.chdir('/')
    flip.stop()
  },
}

const flip = await shellflip({
  controlSocket: 'control.sock',
  pidFile: 'service.pid',
  onEvent({ type }) {
    if (process.env.LISTENER_THROWS) throw new Error(`the logger fails at ${type}`)
  },
})
await flip.listen(createServer(), { path: 'service.sock' })
await flip.ready()
console.log(`${process.pid} serves`)
if (process.env.LEAVES_BY) setImmediate(ends[process.env.LEAVES_BY])
