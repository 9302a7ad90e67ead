// The load of the demo, and what it has seen.
import { get } from 'node:http'
import { describeFailures, LoadClient } from '@shellflip/testing'

const longestTakeoverMs = 5_000
const answerPattern = /^(v\d+) from pid (\d+)\n$/

export class Load {
  /** Which version answered how often, by the pid that it ran as. */
  answers = new Map()
  #clients

  constructor(port) {
    const common = {
      target: { port },
      expectBody: answerPattern,
      onAnswer: ({ body }) => this.#tally(body),
    }
    this.#clients = [
      // The two ways to lose requests: on connections that are kept, and on those in the queue of the listener.
      LoadClient.start({ ...common, keepAlive: 16, newConnections: 4 }),
      // And those that are idle most of the time, when a server is most tempted to close them.
      LoadClient.start({ ...common, keepAlive: 16, thinkTimeMs: 300 }),
    ]
  }

  get requests() {
    return this.#sum((counts) => counts.requests)
  }

  get failed() {
    return this.#sum((counts) => counts.failed)
  }

  get failures() {
    return this.#clients
      .map(({ counts }) => describeFailures(counts.failures))
      .filter(Boolean)
      .join(', ')
  }

  async stop() {
    await Promise.all(this.#clients.map((client) => client.stop()))
  }

  #sum(count) {
    return this.#clients.reduce((sum, client) => sum + count(client.counts), 0)
  }

  #tally(body) {
    const [, version, pid] = answerPattern.exec(body)
    const tally = this.answers.get(Number(pid)) ?? { version, requests: 0 }
    tally.requests += 1
    this.answers.set(Number(pid), tally)
  }
}

/**
 * Waits until 20 new connections in a row get this version; then 50 more must all get it. Returns how long the
 * version before went on accepting.
 */
export async function onlyAnswers(port, version) {
  const startedAt = performance.now()
  let elapsedMs = 0
  for (let inARow = 0; inARow < 20; inARow++) {
    if ((await versionOn(port)) === version) continue
    inARow = -1
    elapsedMs = performance.now() - startedAt
    if (elapsedMs > longestTakeoverMs) throw new Error(`other versions than ${version} still answer`)
  }
  const versions = await Promise.all(Array.from({ length: 50 }, () => versionOn(port)))
  const wrong = versions.find((answered) => answered !== version)
  if (wrong) throw new Error(`${wrong} answered a new connection after ${version} had taken over`)
  return elapsedMs
}

function versionOn(port) {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.headers['x-version']))
    })
    request.on('error', reject)
  })
}
