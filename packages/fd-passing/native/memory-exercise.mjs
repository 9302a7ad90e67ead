// Calls every function of the addon, with good and with bad arguments. Run by check-memory.mjs.
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

const { addonPath, inWorker } = JSON.parse(process.env.MEMORY_EXERCISE)
const native = createRequire(import.meta.url)(addonPath)
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const readable = 1
const writable = 2

function garbageForEveryFunction() {
  const garbage = [
    [],
    [undefined, null, {}, [], 'text'],
    [-1, -1, -1, -1],
    [999_999, 'x'.repeat(5000), Symbol('s'), () => {}],
    [{}, new Uint8Array(0), new Int32Array(300), '@', new Uint32Array(2)],
    [NaN, NaN, 2 ** 40, 0.5, -1n],
    [999_998, 'x'.repeat(300), 2n ** 64n, 2n ** 64n, 2 ** 31],
    [999_999, new Uint8Array(1), new Int32Array(1), '@x', new Uint32Array(3)],
    [999_999, transferredArray(), transferredArray(), transferredArray(), transferredArray()],
  ]
  for (const [name, value] of Object.entries(native)) {
    if (typeof value !== 'function' || name === 'close') continue
    for (const values of garbage) {
      const answer = value(...values)
      for (const fd of [answer].flat()) if (Number.isInteger(fd) && fd > 2) native.close(fd)
    }
  }
}

function transferredArray() {
  const array = new Uint8Array(64)
  structuredClone(array.buffer, { transfer: [array.buffer] })
  return array
}

function files() {
  const path = mkdtempSync(join(tmpdir(), 'memory-exercise-'))
  const folder = native.openFolder(path)
  for (const name of ['.lock', 'n'.repeat(255)]) {
    const file = native.openFileAt(folder, name, 0o1600)
    const { dev, ino } = native.statAt(folder, name)
    native.stat(file)
    native.setMode(file, 0o640)
    native.chmodSocketAt(folder, name, dev, ino, 0o600)
    native.unlinkAt(folder, name, dev, ino + 1n)
    native.unlinkAt(folder, name, dev, ino)
    native.unlinkAt(folder, name, dev, ino)
    native.close(file)
  }
  const socket = native.socket(native.AF_UNIX, native.SOCK_STREAM)
  native.bindUnix(socket, join(path, 's'))
  const { dev, ino } = native.statAt(folder, 's')
  if (native.chmodSocketAt(folder, 's', dev, ino, 0o600) !== 0) throw new Error('no chmod')
  native.chmodSocketAt(folder, 's', dev, ino + 1n, 0o600)
  for (const fd of [socket, folder]) native.close(fd)
  rmSync(path, { recursive: true })
}

/** More than fit at first, in no order; some are left for the end of the environment to close. */
function ownership() {
  const fds = Array.from({ length: 100 }, () => native.dup(0)).sort(() => Math.random() - 0.5)
  for (const fd of fds.slice(0, 50)) native.own(fd)
  for (const fd of fds.slice(0, 50)) native.disown(fd)
  for (const fd of fds.slice(0, 25)) native.own(fd)
  for (const fd of fds.slice(10, 80)) native.close(fd)
}

function descriptors() {
  const [reader, writer] = native.pipe()
  native.setCloexec(reader, 0)
  native.getCloexec(reader)
  native.close(native.dup(reader))
  for (const fd of [reader, writer, writer]) native.close(fd)
  const file = join(tmpdir(), `memory-exercise-${process.pid}`)
  writeFileSync(file, '')
  const locked = openSync(file, 'r+')
  native.lock(locked, 1)
  native.lock(locked, 0)
  native.unlock(locked)
  native.close(locked)
  for (const name of ['state', 'x'.repeat(249)]) {
    const memory = native.memfd(name, 1)
    native.addSeals(memory, 4)
    native.getSeals(memory)
    native.close(memory)
  }
}

function sockets() {
  const addresses = [
    `@${process.pid}`,
    `@${process.pid}${'n'.repeat(90)}`,
    '@'.padEnd(107, 'n'),
    '/'.padEnd(107, 'n'),
  ]
  for (const address of [...addresses, '/'.padEnd(108, 'n'), '/'.padEnd(4000, 'n'), '']) {
    const listening = native.socket(native.AF_UNIX, native.SOCK_STREAM)
    native.bindUnix(listening, address)
    native.listen(listening, 5)
    native.localAddress(listening)
    native.setNonBlocking(listening)
    const client = native.socket(native.AF_UNIX, native.SOCK_STREAM)
    native.connectUnix(client, address)
    native.peerCredentials(client)
    native.shutdownWrites(client)
    for (const fd of [native.accept(listening), native.accept(listening), listening, client]) native.close(fd)
  }
  for (const [domain, host] of [
    [native.AF_INET, '127.0.0.1'],
    [native.AF_INET6, '::1'],
    [native.AF_INET6, 'fe80::1%nothing'],
    [native.AF_INET, 'x'.repeat(500)],
  ]) {
    const socket = native.socket(domain, native.SOCK_DGRAM)
    native.setOption(socket, native.SOL_SOCKET, native.SO_REUSEPORT, 1)
    native.getOption(socket, native.SOL_SOCKET, native.SO_TYPE)
    native.bindInternet(socket, host, 0)
    native.localAddress(socket)
    native.close(socket)
  }
}

function messages() {
  for (const type of [native.SOCK_STREAM, native.SOCK_SEQPACKET, native.SOCK_DGRAM]) {
    const [left, right] = native.socketpair(type)
    native.setOption(right, native.SOL_SOCKET, native.SO_PASSCRED, 1)
    const credentials = Uint32Array.of(process.pid, process.getuid(), process.getgid())
    for (const size of [0, 1, 8, 64 * 1024]) {
      for (const fdCount of [0, 1, 2, 253, 254]) {
        native.send(left, new Uint8Array(size), new Int32Array(fdCount).fill(2), undefined, credentials)
        for (
          let arrival = native.receive(right);
          typeof arrival === 'object';
          arrival = native.receive(right)
        ) {
          for (const fd of arrival.fds) native.close(fd)
          if (arrival.data.length === 0 && type !== native.SOCK_DGRAM) break
        }
      }
    }
    // Bytes in the middle of a buffer, and more than goes at once.
    native.send(left, new Uint8Array(1024).subarray(100, 200))
    native.send(left, new Uint8Array(4 * 1024 * 1024))
    native.receive(right)
    native.close(left)
    native.receive(right)
    native.send(right, new Uint8Array(1))
    native.close(right)
  }
  const [left, right] = native.socketpair(native.SOCK_SEQPACKET)
  for (const size of [1, 0]) {
    for (const fdCount of [0, 1]) {
      native.send(left, new Uint8Array(size), new Int32Array(fdCount).fill(2))
      for (const fd of native.receivePacket(right).fds) native.close(fd)
    }
  }
  native.receivePacket(right)
  native.close(left)
  if (native.receivePacket(right) !== 0) throw new Error('no end')
  native.close(right)
  const bound = native.socket(native.AF_UNIX, native.SOCK_DGRAM)
  const address = '@'.padEnd(107, `${process.pid}`)
  native.bindUnix(bound, address)
  native.send(bound, Buffer.from('to itself'), undefined, address)
  native.receive(bound)
  native.close(bound)
}

async function processes() {
  const strings = (...texts) => Buffer.from(texts.map((text) => `${text}\0`).join(''))
  const none = new Uint8Array(0)
  const standard = Int32Array.of(-1, 1, 2)
  const sh = (script, environment = none, fds = standard, flags = 3) =>
    native.spawn(
      strings('/nowhere/sh', '/bin/sh'),
      strings('sh', '-c', script),
      environment,
      none,
      fds,
      flags,
      64,
    )
  const [left, right] = native.socketpair(native.SOCK_STREAM)
  const pids = [
    sh('exit 3'),
    sh('kill -9 $$'),
    sh('test $LISTEN_PID = $$', strings('A=1', '=', 'B'), Int32Array.of(-1, 1, 2, right, left, right, left)),
    sh('true', none, new Int32Array(100).fill(-1).fill(2, 0, 3)),
    sh('true', none, new Int32Array(0), 0),
  ]
  const failures = [
    native.spawn(strings('/nowhere'), strings('x'), none, none, standard, 0, -1),
    native.spawn(strings('/bin/true'), strings('x'), none, strings('/nowhere'), standard, 0, -1),
    native.spawn(strings('/bin/true'), strings('x'), none, none, Int32Array.of(999_999), 0, -1),
    native.spawn(none, strings('x'), none, none, standard, 0, -1),
    native.spawn(Buffer.from('/bin/true'), strings('x'), none, none, standard, 0, -1),
    native.spawn(strings('/bin/true'), strings('x'), none, none, new Int32Array(2000), 0, -1),
  ]
  for (const pid of pids) if (typeof pid !== 'number' || pid <= 0) throw new Error(`not started: ${pid}`)
  for (const answer of failures) if (answer > 0) throw new Error(`started: ${answer}`)
  for (const pid of pids) while (native.reap(pid) === 0) await nextTurn()
  native.findZombie()
  native.setSubreaper(0)
  for (const fd of [left, right]) native.close(fd)
}

async function readiness() {
  for (let round = 0; round < 20; round++) {
    const [left, right] = native.socketpair(native.SOCK_STREAM)
    let events = 0
    let onEvents = () => {}
    const watcher = native.watch(left, (what) => {
      events |= what
      onEvents(what)
    })
    native.watch(left, () => {})
    native.keepAlive(watcher, 0)
    native.keepAlive(watcher, 1)
    const happened = (wanted) =>
      new Promise((resolve) => {
        onEvents = () => {
          native.want(watcher, 0)
          resolve()
        }
        native.want(watcher, wanted)
      })
    await happened(writable)
    native.send(right, new Uint8Array(1))
    await happened(readable | writable)
    native.receive(left)
    // The peer goes without having read: an error event.
    native.send(left, new Uint8Array(1))
    native.close(right)
    await happened(readable)
    // Closed in its own callback, and once more.
    await new Promise((resolve) => {
      onEvents = () => {
        native.unwatch(watcher)
        native.close(left)
        resolve()
      }
      native.want(watcher, writable)
    })
    native.unwatch(watcher)
    native.want(watcher, readable)
    native.keepAlive(watcher, 1)
    if (events === 0) throw new Error('no event came')
    const [forgotten, peer] = native.socketpair(native.SOCK_STREAM)
    native.watch(forgotten, () => {})
    globalThis.gc()
    await nextTurn()
    native.close(forgotten)
    native.close(peer)
  }
  native.close(native.pidfdOpen(process.pid))
  native.reap(process.pid)
  native.close(native.duplicateFrom(process.pid, 0))
  native.duplicateFrom(process.pid, -1)
  // Left watching when the environment ends.
  const [left] = native.socketpair(native.SOCK_STREAM)
  const watcher = native.watch(left, () => {})
  native.want(watcher, readable)
  native.keepAlive(watcher, 0)
}

async function inAnotherThread() {
  for (const terminate of [false, true]) {
    const worker = new Worker(new URL(import.meta.url), {
      env: { ...process.env, MEMORY_EXERCISE: JSON.stringify({ addonPath, inWorker: true }) },
    })
    const exited = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    if (terminate) worker.once('message', () => worker.terminate())
    await exited
  }
}

garbageForEveryFunction()
ownership()
files()
descriptors()
sockets()
messages()
// A fork of a process under valgrind takes seconds.
if (!inWorker) await processes()
await readiness()
if (inWorker) {
  const { parentPort } = await import('node:worker_threads')
  parentPort.postMessage('amid its life')
} else {
  await inAnotherThread()
  console.log('exercised')
}
