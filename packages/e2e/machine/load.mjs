// load.mjs OPTIONS: the exact load client of @shellflip/testing, as a process that a machine's network is entered with.
// Prints its counts, one line of JSON each time, until standard input ends; then the report, and how often each body came.
import { LoadClient } from '@shellflip/testing'

const bodies = {}
const load = LoadClient.start({
  ...JSON.parse(process.argv[2]),
  onAnswer: ({ body }) => {
    bodies[body] = (bodies[body] ?? 0) + 1
  },
})
const print = (line) => console.log(JSON.stringify(line))
const counting = setInterval(() => print({ ...load.counts, bodies }), 50)

process.stdin.resume().once('end', async () => {
  clearInterval(counting)
  print({ ...(await load.stop()), bodies })
})
