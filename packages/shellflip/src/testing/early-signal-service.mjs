// A service whose successor gets a request for an upgrade inside shellflip(), while it reads the state.
import { defineState, shellflip } from 'shellflip'
import { z } from 'zod'

let isSignalled = process.env.SHELLFLIP_HANDOVER === undefined

const Count = defineState({
  name: 'count',
  version: 1,
  schema: z.int().refine(() => {
    if (!isSignalled) process.emit('SIGUSR2', 'SIGUSR2')
    isSignalled = true
    return true
  }),
})

const flip = await shellflip({
  controlSocket: 'control.sock',
  state: Count,
  save: () => 1,
  onEvent(event) {
    if (event.type === 'upgrade-over')
      console.log(process.pid, event.by, event.outcome.reason ?? event.outcome.type)
  },
})
await flip.ready()
console.log(process.pid, 'serves')
setInterval(() => {}, 60_000)
flip.done.then(() => process.exit())
