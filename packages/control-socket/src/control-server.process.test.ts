import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listenUnix } from '@shellflip/fd-passing'
import { TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ask } from './ask.ts'
import { ControlServer } from './control-server.ts'
import { testServer, words } from './testing/test-server.ts'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const isRoot = process.geteuid?.() === 0
const request = { ask: 'x' }

/** The beginning of each program: the package as `control`, the protocol of the tests as `words`, arguments as `args`. */
const preamble = `
  import * as control from '@shellflip/control-socket'
  import { closeSync, existsSync, openSync } from 'node:fs'
  import { z } from 'zod'
  const words = { request: z.strictObject({ ask: z.string() }), reply: z.strictObject({ say: z.string() }) }
  const echo = { protocol: words, answer: async ({ ask }) => ({ say: ask }) }
  const becomeNobody = () => { process.setgroups([]); process.setgid(65534); process.setuid(65534) }
  const args = process.argv.slice(1)
`

function nodeArguments(code: string, args: string[]): string[] {
  return ['--input-type=module', '-e', preamble + code, ...args]
}

function program(code: string, ...args: string[]): TestProcess {
  return TestProcess.node(nodeArguments(code, args), { cwd: packageFolder })
}

const serve = `await control.ControlServer.listen({ path: args[0], ...echo }); console.log('listening')`

test('a server killed with SIGKILL leaves its path; the next one takes it over, again and again', async () => {
  using folder = temporaryFolder()
  const path = folder.join('s')
  for (let round = 0; round < 3; round++) {
    await using server = program(serve, path)
    await server.printed(/listening/)
    server.kill('SIGKILL')
    await server.exit
    expect(existsSync(path)).toBe(true)
  }
  await using _ = await ControlServer.listen({
    path,
    protocol: words,
    answer: async () => ({ say: 'alive' }),
  })
  expect(await ask({ path, protocol: words, request })).toEqual({ say: 'alive' })
})

test('of starters that race for dead paths, exactly one wins each, and nothing else is left in the folder', async () => {
  using folder = temporaryFolder()
  const rounds = 20
  await using dead = program(
    `for (let i = 0; i < ${rounds}; i++) await control.ControlServer.listen({ path: args[0] + i, ...echo })
    console.log('listening')`,
    folder.join('s'),
  )
  await dead.printed(/listening/)
  dead.kill('SIGKILL')
  await dead.exit

  const race = `
    console.log('armed')
    while (!existsSync(args[1]));
    for (let i = 0; i < ${rounds}; i++) {
      await control.ControlServer.listen({ path: args[0] + i, ...echo }).then(
        () => console.log('round ' + i + ': won'),
        (error) => console.log('round ' + i + ': ' + error.code),
      )
    }
    console.log('finished')
    setInterval(() => {}, 1000)
  `
  await using a = program(race, folder.join('s'), folder.join('go'))
  await using b = program(race, folder.join('s'), folder.join('go'))
  await using c = program(race, folder.join('s'), folder.join('go'))
  await using d = program(race, folder.join('s'), folder.join('go'))
  const racers = [a, b, c, d]
  for (const racer of racers) await racer.printed(/armed/)
  writeFileSync(folder.join('go'), '')
  for (const racer of racers) await racer.printed(/finished/)

  const paths = Array.from({ length: rounds }, (_, i) => `s${i}`)
  expect(readdirSync(folder.path).sort()).toEqual(['go', ...paths].sort())
  for (let i = 0; i < rounds; i++) {
    const outcomes = racers.map(({ stdout }) => new RegExp(`round ${i}: (.*)`).exec(stdout)?.[1]).sort()
    expect(outcomes).toEqual([
      'ERR_CONTROL_PATH_IN_USE',
      'ERR_CONTROL_PATH_IN_USE',
      'ERR_CONTROL_PATH_IN_USE',
      'won',
    ])
    expect(await ask({ path: folder.join(`s${i}`), protocol: words, request })).toEqual({ say: 'x' })
  }
})

describe.runIf(isRoot)('another user', () => {
  const askAsNobody = `
    becomeNobody()
    const asked = control.ask({ path: args[0], protocol: words, request: { ask: 'x' } })
    console.log(await asked.then(({ say }) => 'answer: ' + say, ({ code }) => 'refused: ' + code))
  `

  test('does not reach the socket', async () => {
    await using server = await testServer()
    await using nobody = program(askAsNobody, server.path)
    expect((await nobody.printed(/refused: (.*)/))[1]).toBe('ERR_CONTROL_FORBIDDEN')
  })

  test('is not answered if another user opened the way to it', async () => {
    await using server = await testServer()
    for (const path of [server.folder.path, dirname(server.path)]) chmodSync(path, 0o711)
    chmodSync(server.path, 0o666)
    await using nobody = program(askAsNobody, server.path)
    expect((await nobody.printed(/refused: (.*)/))[1]).toBe('ERR_CLOSED_EARLY')
    expect(server.events).toEqual([
      { type: 'client-refused', reason: 'forbidden', peer: { pid: nobody.pid, uid: 65534, gid: 65534 } },
    ])
  })

  test('answers root in its own folder', async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o711)
    mkdirSync(folder.join('theirs'), { mode: 0o700 })
    chownSync(folder.join('theirs'), 65534, 65534)
    await using server = program(`becomeNobody(); ${serve}`, folder.join('theirs', 's'))
    await server.printed(/listening/)
    expect(await ask({ path: folder.join('theirs', 's'), protocol: words, request })).toEqual({ say: 'x' })
  })
})

describe.runIf(isRoot)('a server of another user', () => {
  /** Answers every client, as the user nobody, and prints whether a byte arrived. */
  const pretend = `
    import { chmodSync } from 'node:fs'
    import { createServer } from 'node:net'
    becomeNobody()
    const answer = control.encodeFrame({ say: 'forged' })
    const server = createServer((client) => {
      client.once('data', () => { console.log('asked'); client.end(answer) })
      client.once('close', () => console.log('gone'))
      client.resume().on('error', () => {})
    })
    server.listen(args[0], () => { chmodSync(args[0], 0o666); console.log('listening') })
  `

  /** A folder that nobody can write, and a server of nobody in it. */
  async function forgery(owner: number, mode: number) {
    const place = temporaryFolder()
    chmodSync(place.path, 0o755)
    mkdirSync(place.join('app'))
    chmodSync(place.join('app'), mode)
    chownSync(place.join('app'), owner, owner)
    const path = place.join('app', 's')
    const server = program(pretend, path)
    await server.printed(/listening/)
    return {
      path,
      server,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]()
        place[Symbol.dispose]()
      },
    }
  }

  const message = (path: string) =>
    expect.stringMatching(
      new RegExp(`^uid 65534 listens at ${path}, .* Nothing was sent\\. Check the owner of `),
    )

  test.each([
    ['everybody', 0, 0o777],
    ['everybody, though it is sticky', 0, 0o1777],
    ['a third user, who lets everybody', 65533, 0o777],
  ])('gets no request in a folder of %s', async (_, owner, mode) => {
    await using forged = await forgery(owner, mode)
    await expect(ask({ path: forged.path, protocol: words, request })).rejects.toMatchObject({
      code: 'ERR_CONTROL_FORBIDDEN',
      message: message(forged.path),
    })
    await forged.server.printed(/gone/)
    expect(forged.server.stdout).not.toContain('asked')
  })

  test('gets no request of a third user, not even in its own folder', async () => {
    await using forged = await forgery(65534, 0o755)
    const askAsThird = `
      process.setgroups([]); process.setgid(65533); process.setuid(65533)
      const asked = control.ask({ path: args[0], protocol: words, request: { ask: 'x' } })
      console.log(await asked.then(({ say }) => 'answer: ' + say, (error) => error.code + ': ' + error.message))
    `
    await using third = program(askAsThird, forged.path)
    expect((await third.printed(/ERR_CONTROL_FORBIDDEN: (.*)/))[1]).toEqual(message(forged.path))
    await forged.server.printed(/gone/)
    expect(forged.server.stdout).not.toContain('asked')
  })

  test('is believed by root in its own folder', async () => {
    await using own = await forgery(65534, 0o755)
    expect(await ask({ path: own.path, protocol: words, request })).toEqual({ say: 'forged' })
  })

  test('that was given the listener is trusted in our folder, because other users cannot have put it there', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    using listener = listenUnix({ path })
    const adopt = `
      import { OwnedFd } from '@shellflip/fd-passing'
      becomeNobody()
      await control.ControlServer.adopt({ fd: new OwnedFd(3), ...echo })
      console.log('listening')
    `
    await using server = TestProcess.node(nodeArguments(adopt, []), {
      cwd: packageFolder,
      extraFds: [listener.fd],
    })
    await server.printed(/listening/)
    expect(await ask({ path, protocol: words, request })).toEqual({ say: 'x' })
  })
})

test('without a free fd it answers no client, and with one it answers all of them', async () => {
  using folder = temporaryFolder()
  const path = folder.join('s')
  const starve = `
    ${serve}
    const taken = []
    try {
      for (;;) taken.push(openSync('/dev/null'))
    } catch {
      console.log('none left')
    }
    const waiting = setInterval(() => {
      if (!existsSync(args[1])) return
      for (const fd of taken) closeSync(fd)
      clearInterval(waiting)
      console.log('free again')
    }, 10)
  `
  const limited = ['-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath]
  const command = nodeArguments(starve, [path, folder.join('go')])
  await using server = TestProcess.start('sh', [...limited, ...command], { cwd: packageFolder })
  await server.printed(/none left/)
  await expect(ask({ path, protocol: words, request })).rejects.toMatchObject({ code: 'ERR_CLOSED_EARLY' })
  writeFileSync(folder.join('go'), '')
  await server.printed(/free again/)
  expect(await ask({ path, protocol: words, request })).toEqual({ say: 'x' })
})

test('a watching client killed with SIGKILL is noticed', async () => {
  let noticed = false
  await using server = await testServer({
    async *answer(_, { signal }) {
      yield { say: 'watched' }
      await once(signal, 'abort')
      noticed = true
    },
  })
  const watch = `
    for await (const { say } of control.askForReplies({ path: args[0], protocol: words, request: { ask: '' } })) {
      console.log(say)
    }
  `
  await using client = program(watch, server.path)
  await client.printed(/watched/)
  client.kill('SIGKILL')
  await waitFor(() => noticed)
})

test('a server that was killed with SIGKILL before it replied did not answer', async () => {
  using folder = temporaryFolder()
  const path = folder.join('s')
  const silent = `
    const answer = () => { console.log('asked'); return new Promise(() => {}) }
    await control.ControlServer.listen({ path: args[0], protocol: words, answer })
    console.log('listening')
  `
  await using server = program(silent, path)
  await server.printed(/listening/)
  const asked = expect(ask({ path, protocol: words, request })).rejects.toMatchObject({
    code: 'ERR_CLOSED_EARLY',
  })
  await server.printed(/asked/)
  server.kill('SIGKILL')
  await asked
})

test('the service that closes its server can end: no timer or socket keeps it', async () => {
  using folder = temporaryFolder()
  const whole = `
    const server = await control.ControlServer.listen({ path: args[0], ...echo })
    await control.ask({ path: args[0], protocol: words, request: { ask: '' } })
    await server.close()
  `
  await using service = program(whole, folder.join('s'))
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stderr).toBe('')
})

test('the package does not load zod: a program with schemas of zod has it already', () => {
  expect(readFileSync(`${packageFolder}/dist/index.js`, 'utf8')).not.toMatch(/from ["']zod/)
})
