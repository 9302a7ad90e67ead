import { describe, expect, it } from 'vitest'
import { program } from './testing/program.ts'

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

/** Starts the worker given as text, waits for its message, ends it, and tells which descriptors there are then. */
const withWorker = `
  import { Worker } from 'node:worker_threads'
  const openFds = () => fs.readdirSync('/proc/self/fd').map((fd) => { try { return fd + ' ' + fs.readlinkSync('/proc/self/fd/' + fd) } catch { return '' } })
    .filter((name) => name !== '' && !name.endsWith('/fd')).sort()
  async function withWorker(code, end = (worker) => worker.terminate()) {
    const worker = new Worker("import * as fdPassing from '@shellflip/fd-passing'; import fs from 'node:fs'; import { parentPort } from 'node:worker_threads';" + code, { eval: true })
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    const [message] = await new Promise((resolve, reject) => worker.once('message', (...args) => resolve(args)).once('error', reject))
    await end(worker)
    await exited
    return message
  }
`

/** One descriptor of every kind that the addon makes, and one of each that waits. */
const opensEverything = `
  const kept = (globalThis.kept = [])
  const [left, right] = fdPassing.UnixSocket.pair('seqpacket')
  const pipe = fdPassing.pipe()
  await left.send('fds', { fds: [pipe.reader, pipe.writer] })
  kept.push(left, right, pipe, await right.receive(), pipe.reader.dup(), fdPassing.dup(1), fdPassing.memfd('m'))
  const listener = fdPassing.UnixListener.listen({ path: '@worker-' + process.pid })
  kept.push(listener, listener.accept(), fdPassing.UnixSocket.connect({ type: 'stream', address: '@worker-' + process.pid }))
  kept.push(fdPassing.listenTcp({ host: '127.0.0.1', port: 0 }), fdPassing.bindUdp({ host: '127.0.0.1', port: 0 }))
  kept.push(fdPassing.watchPid(process.pid, () => {}).unref(), right.unref().receive(), listener.unref())
  await kept[7]
`

describe.runIf(process.platform === 'linux')('what a worker thread has opened', () => {
  const run = (code: string) => program(`${withWorker}\n${code}`)

  it.each([
    ['it is terminated', 'parentPort.postMessage(1); setInterval(() => {}, 60_000)', ''],
    ['it ends by itself', 'parentPort.postMessage(1)', ', () => {}'],
    ['it exits', 'parentPort.postMessage(1); setTimeout(() => process.exit(), 1)', ', () => {}'],
  ])('is closed when %s', async (_, end, how) => {
    await using process = run(
      `await withWorker('parentPort.postMessage(1)')
       const before = openFds()
       for (let round = 0; round < 3; round++) await withWorker(${JSON.stringify(opensEverything + end)}${how})
       const left = openFds().filter((name) => !before.includes(name))
       console.log(JSON.stringify(left))`,
    )
    expect(await process.exit, process.stderr).toEqual({ code: 0, signal: null })
    expect(process.stdout).toBe('[]\n')
  })

  it('stays open if it was released, and so do the standard streams', async () => {
    await using process = run(
      `const fd = await withWorker(\`
         globalThis.kept = [new fdPassing.OwnedFd(1), new fdPassing.OwnedFd(2)]
         const { reader, writer } = fdPassing.pipe()
         globalThis.kept.push(reader)
         parentPort.postMessage(writer.release())
         setInterval(() => {}, 60_000)\`)
       const writer = new fdPassing.OwnedFd(fd)
       fdPassing.isCloexec(writer.fd)
       writer.close()
       console.log('still here')`,
    )
    expect(await process.exit, process.stderr).toEqual({ code: 0, signal: null })
    expect(process.stdout).toBe('still here\n')
  })

  it('is not closed twice: another thread may have the number by then', async () => {
    await using process = run(
      `const fd = await withWorker(\`
         const { reader, writer } = fdPassing.pipe()
         reader.close()
         writer.close()
         parentPort.postMessage(reader.closed)
         setInterval(() => {}, 60_000)\`, async (worker) => {
         const before = globalThis.taken = Array.from({ length: 40 }, () => fdPassing.dup(1))
         await worker.terminate()
       })
       for (const owned of taken) owned.close()
       console.log('all were open')`,
    )
    expect(await process.exit, process.stderr).toEqual({ code: 0, signal: null })
    expect(process.stdout).toBe('all were open\n')
  })
})

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
       console.log('main continues')
       process.exit()`,
      { env: { WORKER: worker } },
    )
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    const all = Array(4).fill('in a worker').join()
    expect(run.stdout).toBe(`${`${all}\n`.repeat(5)}main continues\n`)
  })
})
