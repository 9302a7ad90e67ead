import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { isAlive, openFds, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { program } from './testing/program.ts'
import { UpgradeLock } from './upgrade-lock.ts'

const hold = `
  const { lock } = UpgradeLock.tryAcquire({ path })
  console.log('held')
  process.once('SIGTERM', () => { lock.release(); process.exit() })
  stay()
`

/** Asks for the lock again and again, and tells if it ever got it. */
const hammer = `
  let tries = 0
  const deadline = Date.now() + 25_000
  const attempt = () => {
    const outcome = UpgradeLock.tryAcquire({ path })
    if (outcome.type === 'acquired') return console.log('got it after ' + tries + ' tries')
    if (++tries === 10) console.log('hammering')
    if (Date.now() < deadline) setImmediate(attempt)
  }
  process.once('SIGTERM', () => { console.log('in vain: ' + tries); process.exit() })
  attempt()
`

describe('between processes', () => {
  test('of those that race for it, exactly one gets it, each time', async () => {
    using folder = temporaryFolder()
    const rounds = 50
    const race = `
      // A lock that nobody can reach any more is collected, and free.
      const kept = (globalThis.kept = [])
      console.log('armed')
      while (!fs.existsSync(path + '.go'));
      for (let round = 0; round < ${rounds}; round++) {
        const outcome = UpgradeLock.tryAcquire({ path: path + round })
        if (outcome.type === 'acquired') kept.push(outcome.lock)
        console.log('round ' + round + ': ' + outcome.type)
      }
      console.log('finished')
      stay()
    `
    await using a = program(race, folder.join('lock'))
    await using b = program(race, folder.join('lock'))
    const racers = [a, b]
    for (const racer of racers) await racer.printed(/armed/)
    writeFileSync(folder.join('lock.go'), '')
    for (const racer of racers) await racer.printed(/finished/)
    for (let round = 0; round < rounds; round++) {
      const outcomes = racers.map(({ stdout }) => new RegExp(`round ${round}: (.*)`).exec(stdout)?.[1]).sort()
      expect(outcomes).toEqual(['acquired', 'held'])
    }
  })

  test('taken and released in turns it is never held twice, though its file comes and goes', async () => {
    using folder = temporaryFolder()
    const turns = `
      const marker = path + '.inside'
      for (let turn = 0; turn < 200; turn++) {
        const lock = await UpgradeLock.acquire({ path, signal: AbortSignal.timeout(25_000) })
        fs.closeSync(fs.openSync(marker, 'wx'))
        fs.unlinkSync(marker)
        lock.release()
      }
    `
    await using a = program(turns, folder.join('lock'))
    await using b = program(turns, folder.join('lock'))
    await using c = program(turns, folder.join('lock'))
    for (const process of [a, b, c]) {
      expect(await process.exit).toEqual({ code: 0, signal: null })
      expect(process.stderr).toBe('')
    }
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('reports its holder, and is free immediately after the holder is killed', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    await using holder = program(hold, path)
    await holder.printed(/held/)
    expect(UpgradeLock.tryAcquire({ path })).toMatchObject({ type: 'held', holder: { pid: holder.pid } })
    holder.kill('SIGKILL')
    await holder.exit
    const outcome = UpgradeLock.tryAcquire({ path })
    expect(outcome.type).toBe('acquired')
    if (outcome.type === 'acquired') outcome.lock.release()
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('a waiting process gets it when the holder releases it', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    await using holder = program(hold, path)
    await holder.printed(/held/)
    const waiting = UpgradeLock.acquire({ path, signal: AbortSignal.timeout(10_000) })
    holder.kill('SIGTERM')
    using lock = await waiting
    expect(lock.released).toBe(false)
  })
})

describe('handed on', () => {
  test('over a UNIX socket, from generation to generation, another process can never get it', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    const generations = 8
    const generation = `
      const left = Number(process.env.LEFT ?? ${generations})
      let lock
      if (process.env.LEFT === undefined) lock = UpgradeLock.tryAcquire({ path }).lock
      else {
        const predecessor = fds.UnixSocket.adopt(new fds.OwnedFd(3))
        const { fds: [fd] } = await predecessor.receive()
        lock = UpgradeLock.adopt(fd, { path })
        await predecessor.send('adopted')
      }
      console.log('generation ' + left + ' is ' + process.pid)
      if (left > 0) {
        const waiting = stay()
        if (left === ${generations}) await new Promise((resolve) => process.once('SIGTERM', resolve))
        clearInterval(waiting)
        const [ours, theirs] = fds.UnixSocket.pair('stream')
        spawn(process.execPath, process.execArgv, {
          env: { ...process.env, LEFT: left - 1 },
          stdio: ['ignore', 'inherit', 'inherit', theirs.fd],
        }).unref()
        theirs.close()
        await ours.send('lock', { fds: [lock.fd] })
        await ours.receive()
        lock.leave()
      } else {
        const ending = setInterval(() => {
          if (!fs.existsSync(path + '.end')) return
          clearInterval(ending)
          lock.release()
          console.log('released')
          process.exit()
        }, 10)
      }
    `
    await using first = program(generation, path)
    await first.printed(new RegExp(`generation ${generations} is`))
    await using thief = program(hammer, path)
    await thief.printed(/hammering/)
    first.kill('SIGTERM')
    const [, lastPid] = await first.printed(/generation 0 is (\d+)/, { deadlineMs: 25_000 })
    await waitFor(() => !isAlive(first.pid))
    expect(UpgradeLock.tryAcquire({ path })).toMatchObject({ type: 'held', holder: { pid: Number(lastPid) } })
    expect(thief.stdout).not.toContain('got it')
    writeFileSync(`${path}.end`, '')
    await thief.printed(/got it/)
    // It is free before its last holder has said so.
    await first.printed(/released/)
  })

  test.runIf(process.platform === 'linux')('by inheritance to a child, not to its children', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    const outcome = UpgradeLock.tryAcquire({ path })
    if (outcome.type === 'held') return expect.unreachable()
    await using child = program(
      `
      globalThis.lock = UpgradeLock.adopt(new fds.OwnedFd(3), { path })
      const grandchild = spawn('sleep', ['60'])
      console.log('grandchild ' + grandchild.pid)
      stay()
    `,
      path,
      { extraFds: [outcome.lock.fd.fd] },
    )
    const grandchild = Number((await child.printed(/grandchild (\d+)/))[1])
    outcome.lock.leave()
    expect(UpgradeLock.tryAcquire({ path })).toMatchObject({ type: 'held', holder: { pid: child.pid } })
    await waitFor(() => readFileSync(`/proc/${grandchild}/comm`, 'utf8') === 'sleep\n')
    expect([...openFds(grandchild).values()]).not.toContain(path)
    expect([...openFds(child.pid).values()]).toContain(path)
    process.kill(child.pid, 'SIGKILL')
    await waitFor(() => !isAlive(child.pid))
    expect(isAlive(grandchild)).toBe(true)
    using lock = await UpgradeLock.acquire({ path, signal: AbortSignal.timeout(1_000) })
    expect(lock.released).toBe(false)
  })

  test('to a successor that dies, it stays with the predecessor', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    const outcome = UpgradeLock.tryAcquire({ path })
    if (outcome.type === 'held') return expect.unreachable()
    {
      await using successor = program(
        `UpgradeLock.adopt(new fds.OwnedFd(3), { path }); console.log('adopted'); stay()`,
        path,
        { extraFds: [outcome.lock.fd.fd] },
      )
      await successor.printed(/adopted/)
    }
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
    outcome.lock.release()
    expect(existsSync(path)).toBe(false)
  })
})

test.runIf(process.geteuid?.() === 0)(
  'a process that gave up root gets the advice to choose a lock file',
  async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o755)
    await using service = program(
      `
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    try {
      UpgradeLock.tryAcquire({ path })
    } catch ({ code, message }) {
      console.log(code + ': ' + message)
    }
  `,
      folder.join('lock'),
    )
    const [, message] = await service.printed(/^ERR_LOCK_FORBIDDEN: (.*)/)
    expect(message).toMatch(
      /^uid 65534 may not use \S+lock: .*EACCES.* Choose a lock file \(shellflip: lockFile\) in a folder/,
    )
  },
)

describe.runIf(process.platform === 'linux')('beside flock(1)', () => {
  /** Prints `in` when it has the lock, and holds it until it is killed. */
  const flock = (path: string) =>
    TestProcess.start('sh', ['-c', `exec flock --no-fork "$0" sh -c 'echo in; exec sleep 60'`, path])
  const isAwaited = () => / -> FLOCK /.test(readFileSync('/proc/locks', 'utf8'))

  test('the file stays for the one that waits for its lock', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    const outcome = UpgradeLock.tryAcquire({ path })
    if (outcome.type === 'held') return expect.unreachable()
    await using other = flock(path)
    await waitFor(isAwaited)
    outcome.lock.release()
    await other.printed(/in/)
    expect(UpgradeLock.tryAcquire({ path })).toEqual({ type: 'held', holder: undefined })
    other.kill('SIGKILL')
    await other.exit
    using next = await UpgradeLock.acquire({ path, signal: AbortSignal.timeout(10_000) })
    next.release()
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('a file that was made before excludes both, turn after turn', async () => {
    using folder = temporaryFolder()
    const path = folder.join('lock')
    writeFileSync(path, '', { mode: 0o600 })
    for (const _ of [1, 2]) {
      await using other = flock(path)
      await other.printed(/in/)
      expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
      const waiting = UpgradeLock.acquire({ path, signal: AbortSignal.timeout(10_000) })
      other.kill('SIGKILL')
      using lock = await waiting
      expect(spawnSync('sh', ['-c', 'flock --nonblock "$0" true', path]).status).toBe(1)
      lock.release()
      expect(statSync(path).size).toBe(0)
    }
  })
})
