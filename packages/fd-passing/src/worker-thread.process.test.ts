import { describe, expect, it } from 'vitest'
import { program } from './fixtures/program.ts'

const worker = `
  import { parentPort } from 'node:worker_threads'
  import { UnixSocket, watchPid } from '@shellflip/fd-passing'
  const [left, right] = UnixSocket.pair('stream')
  const pending = right.receive()
  await left.send('in a worker')
  parentPort.postMessage((await pending).data.toString())
  watchPid(process.pid, () => {})
  right.receive()
  while (true) await left.send('until it is terminated')
`

describe('worker threads', () => {
  it('have the addon each for itself, and may be terminated while they wait', async () => {
    await using run = program(
      `import { Worker } from 'node:worker_threads'
       const [left, right] = fdPassing.UnixSocket.pair('stream')
       for (let round = 0; round < 5; round++) {
         const workers = Array.from({ length: 4 }, () =>
           new Worker(process.env.WORKER, { eval: true }))
         const answers = await Promise.all(workers.map((worker) => new Promise((resolve, reject) =>
           worker.once('message', resolve).once('error', reject))))
         console.log(answers.join())
         await Promise.all(workers.map((worker) => worker.terminate()))
         await left.send('main')
         await right.receive()
       }
       console.log('main goes on')
       process.exit()`,
      { env: { WORKER: worker } },
    )
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const all = Array(4).fill('in a worker').join()
    expect(run.stdout).toBe(`${`${all}\n`.repeat(5)}main goes on\n`)
  })
})
