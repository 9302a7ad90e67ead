// A service of this library, for the tests with services of the Rust crate. Each start does what the file at $PLAN says by then.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { defineState, shellflip } from 'shellflip'

const { crashes, ...options } = JSON.parse(readFileSync(process.env.PLAN, 'utf8'))
if (crashes) process.exit(3)

const check = (data) =>
  Number.isInteger(data)
    ? { success: true, data }
    : { success: false, error: new Error(`${data} is no count`) }
const Visits = defineState({ name: 'visits', version: 1, schema: { safeParse: check, safeEncode: check } })

let visits = 7
const flip = await shellflip({
  ...options,
  state: Visits,
  save: () => visits,
  toRust: (count) => `${count}`,
  async fromRust(bytes) {
    const said = await text(bytes)
    if (!/^\d+$/.test(said)) throw new Error(`"${said}" is not a count`)
    return Number(said)
  },
})
visits = flip.state ?? visits
const server = createServer((_request, response) =>
  response.end(JSON.stringify({ pid: process.pid, version: 'node', state: `${visits}` })),
)
const { port } = await flip.listen(server, { name: 'web', host: '127.0.0.1', port: 0 })
await flip.ready()
console.log(`${process.pid} serves ${visits} at ${port}`)
