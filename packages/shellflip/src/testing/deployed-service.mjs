// A service of which each start does what the file at $DEPLOYED says by then: to write that anew is to deploy another
// version. What happens is told in lines of JSON.
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { OwnedFd } from '@shellflip/fd-passing'
import { defineState, shellflip } from 'shellflip'
import { z } from 'zod'

const plan = JSON.parse(readFileSync(process.env.DEPLOYED, 'utf8'))
const say = (what) =>
  process.stdout.write(`${JSON.stringify({ pid: process.pid, version: plan.version, ...what })}\n`)
const sayError = ({ name, code, message }) => say({ error: { name, code, message } })
const schemas = {
  visits: z.object({ visits: z.number() }),
  'few visits': z.object({ visits: z.number().max(5) }),
}

let flip
async function serve() {
  flip = await shellflip(options())
  if (plan.twice) await shellflip().catch(sayError)
  const state = flip.state ?? plan.state?.value
  const sockets = await Promise.all(
    (plan.sockets ?? [{ name: 'http', host: '127.0.0.1', port: 0 }]).map(({ kind = 'http', ...address }) =>
      open[kind](flip, address, state),
    ),
  )
  say({ listening: sockets })
  if (plan.also !== undefined) await run(plan.also)
  if (plan.upgradeBeforeReady) say({ outcome: await flip.upgrade() })
  await flip.ready()
  if (plan.afterwards !== undefined) await run(plan.afterwards)
  if (plan.readyTwice) await flip.ready().catch(sayError)
  say({ ready: true, state })
  const { report, ...end } = await flip.done
  say({ end })
}

function run(statements) {
  const AsyncFunction = serve.constructor
  return new AsyncFunction('flip', 'createServer', 'createSocket', statements)(
    flip,
    createServer,
    createSocket,
  )
}

function options() {
  const { version, hooks = {}, state, options = {} } = plan
  return {
    version,
    ...options,
    ...(plan.fromRust && { fromRust: async (bytes) => ({ visits: Number(await text(bytes)) }) }),
    ...(plan.toRust && { toRust: ({ visits }) => `${visits}` }),
    onEvent: (event) => say({ event: plain(event) }),
    ...Object.fromEntries(Object.entries(hooks).map(([name, mood]) => [name, () => moods[mood](name)])),
    ...(state && {
      state: definition(state),
      save: () => moods[state.save ?? 'well']('save', state.saved ?? flip?.state ?? state.value),
    }),
  }
}

function definition({ name = 'visits', version = 1, schema = 'visits', migrations = [] }) {
  const steps = Object.fromEntries(migrations.map((from) => [from, (value) => value]))
  return defineState({ name, version, schema: schemas[schema], migrations: steps })
}

const taken = []
const moods = {
  well: (_, value) => value,
  throws: (what) => {
    throw new Error(`${what} throws`)
  },
  rejects: async (what) => {
    throw new Error(`${what} rejects`)
  },
  'never ends': () => new Promise(() => {}),
  tells: (what) => say({ hook: what }),
  exhausts: () => {
    try {
      for (;;) taken.push(openSync('/dev/null'))
    } catch {
      // No descriptor is free any more.
    }
  },
  frees: (what) => {
    for (const fd of taken.splice(0)) closeSync(fd)
    say({ hook: what })
  },
  spawns: () => {
    const script = 'echo $(ls /proc/self/fd); env | cut -d= -f1'
    const lines = execFileSync('/bin/sh', ['-c', `exec 2>/dev/null; ${script}`], { encoding: 'utf8' }).split(
      '\n',
    )
    // `ls` has one of its own, for the folder.
    say({ spawned: { fds: lines[0].split(' ').slice(0, -1), environment: lines.slice(1) } })
  },
}

const open = {
  async http(flip, address, state) {
    const server = createServer((_request, response) => {
      response
        .setHeader('connection', 'close')
        .end(JSON.stringify({ pid: process.pid, version: plan.version, state }))
    })
    return flip.listen(server, address)
  },
  async udp(flip, { type, ...address }) {
    const socket = createSocket(type ?? (address.host?.includes(':') ? 'udp6' : 'udp4'))
    socket.on('message', (message, { port, address: host }) => {
      say({ datagram: message.toString() })
      socket.send(`${process.pid}`, port, host)
    })
    return flip.bind(socket, address)
  },
  async fd(flip, { name }) {
    const fd = await flip.open(name, () => new OwnedFd(openSync(process.env.OPENED)))
    const { ino } = fstatSync(fd.fd)
    fd.close()
    return { name, ino }
  },
}

/** Errors as JSON. */
function plain(value) {
  return JSON.parse(
    JSON.stringify(value, (_, one) =>
      one instanceof Error ? { code: one.code, message: one.message } : one,
    ),
  )
}

if (plan.instead !== undefined) await import(plan.instead)
else {
  await serve().catch((error) => {
    sayError(error)
    process.exit(7)
  })
}
