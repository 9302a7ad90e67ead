// A service that somebody may have to launch. It answers with its pid, at /slow when it drains, at /hold never; stopped, it
// ends with 7. By its environment: TROUBLE names a file that makes a start fail (`exit`), as a successor leaving a child, or wait for it to go (`wait`);
// DEAF makes the first generation deaf to SIGTERM; HELPER has it start a child; MORTAL has a successor end with 9 once it serves; LAUNCH_FILE is what its successors are; THREADS has requests answered by a worker thread.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { shellflip } from 'shellflip'

const { TROUBLE = '', DEAF, HELPER, MORTAL, THREADS, LAUNCHER, LAUNCH_FILE } = process.env
/** Now: a predecessor that started us may be gone by the time that we serve. */
const parent = process.ppid
const slow = []
let isFirst = true

const flip = await shellflip({
  ...(LAUNCHER === undefined ? {} : { launcher: LAUNCHER === 'true' }),
  ...(LAUNCH_FILE === undefined ? {} : { successor: { file: LAUNCH_FILE } }),
  drainTimeoutMs: 20_000,
  onEvent(event) {
    if (event.type === 'taken-over') isFirst = false
    if (event.type === 'successor-started') console.log(`started ${event.pid}`)
    if (event.type === 'upgrade-over') console.log(`upgrade over ${JSON.stringify(event.outcome)}`)
    if (event.type === 'draining') setTimeout(() => slow.map((response) => response.end('slow')), 100)
  },
})

const trouble = existsSync(TROUBLE) ? readFileSync(TROUBLE, 'utf8') : ''
if (trouble === 'exit') {
  if (!isFirst) console.log(`leaves ${spawn('sleep', ['1000'], { stdio: 'ignore' }).pid}`)
  process.exit(3)
}
if (trouble === 'wait') {
  console.log('waits')
  while (existsSync(TROUBLE)) await delay(10)
}

if (DEAF !== undefined && isFirst) process.removeAllListeners('SIGTERM').on('SIGTERM', () => {})

if (HELPER !== undefined) console.log(`helper ${spawn('sleep', ['1000'], { stdio: 'ignore' }).pid}`)

const server = createServer((request, response) => {
  console.log(`asked for ${request.url}`)
  if (request.url === '/slow') slow.push(response)
  else if (request.url === '/hold') response.write('held')
  else answer(response)
})
const { port } = await flip.listen(server, { name: 'http', host: '127.0.0.1', port: 0 })
const answer = THREADS === undefined ? (response) => response.end(String(process.pid)) : answersOfAThread()
await flip.ready()
console.log(`serves ${process.pid} port ${port} parent ${parent} registered ${globalThis.registered}`)
if (MORTAL !== undefined && !isFirst) process.exit(9)
const end = await flip.done
console.log(`${process.pid} ${end.type}`)
if (end.type === 'stopped') process.exit(7)
process.exit()

function answersOfAThread() {
  const worker = new Worker(new URL('./answering-thread.mjs', import.meta.url))
  const waiting = []
  worker.on('message', (text) => waiting.shift().end(text))
  return (response) => {
    waiting.push(response)
    worker.postMessage('answer')
  }
}
