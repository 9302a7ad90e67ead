import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { encodeFrame } from '@shellflip/control-socket'
import {
  type Finished,
  isAlive,
  ServicePlace,
  TestProcess,
  temporaryFolder,
  waitFor,
} from '@shellflip/testing'
import { describe, expect, it } from 'vitest'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const service = fileURLToPath(new URL('testing/restartable-service.mjs', import.meta.url))

async function shellflip(...args: string[]): Promise<Finished> {
  await using run = TestProcess.node([cli, ...args])
  const exit = await run.exit
  return { ...exit, stdout: run.stdout, stderr: run.stderr }
}

function failure(reason: string): Finished {
  return { code: 1, signal: null, stdout: '', stderr: `shellflip: restart failed: ${reason}\n` }
}

function noOutcomeWithin(seconds: number): string {
  return `received no outcome within ${seconds} s. The restart may still continue. The service logs how it ends`
}

/** Starts the service, at a control socket in this place; files beside that make later starts behave otherwise. */
async function serve(place: ServicePlace) {
  const socket = place.join('run', 'restart.sock')
  const started = place.start([service, socket])
  await started.printed(/^ready/m)
  return {
    pid: started.pid,
    restart: (...flags: string[]) => shellflip('restart', '--socket', socket, ...flags),
    make: (kind: 'broken' | 'stuck') => writeFileSync(`${socket}.${kind}`, ''),
  }
}

describe('shellflip restart, of a service', () => {
  it('prints the new pid, which serves while the old one exits', async () => {
    await using place = new ServicePlace()
    const old = await serve(place)
    const { code, stdout, stderr } = await old.restart()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, pid] = /^restarted: pid (\d+) in \d+ ms\n$/.exec(stdout) ?? []
    expect(Number(pid)).not.toBe(old.pid)
    await waitFor(() => !isAlive(old.pid))
    expect(place.processes).toEqual([Number(pid)])
  })

  it('that cannot start again gives the reason, and the old one keeps serving', async () => {
    await using place = new ServicePlace()
    const old = await serve(place)
    old.make('broken')
    expect(await old.restart()).toEqual(
      failure('the successor exited with 3 before it was ready. Its standard error has the reason.'),
    )
    expect(place.processes).toEqual([old.pid])
  })

  it('that takes longer than --timeout says that it may go on, which it does', async () => {
    await using place = new ServicePlace()
    const old = await serve(place)
    old.make('stuck')
    const impatient = () => old.restart('--timeout', '2s')
    const answers = [await impatient()]
    // On a busy machine the time may be over before it has asked: then the next one does.
    await waitFor(async () => answers.push(await impatient()) && answers.at(-1)?.stderr.includes('progress'))
    expect(answers.pop()).toEqual(failure('an upgrade is in progress'))
    for (const answer of answers) expect(answer).toEqual(failure(noOutcomeWithin(2)))
  })
})

/** Something that is no service answers each connection in turn, the last answer again and again. */
async function impostor(
  ...answers: ((socket: Socket) => void)[]
): Promise<AsyncDisposable & { socket: string; count: () => number }> {
  const folder = temporaryFolder('sf-cli-')
  const clients: Socket[] = []
  const server = createServer((client) => {
    client.on('error', () => {})
    const answer = answers[Math.min(clients.length, answers.length - 1)]
    clients.push(client)
    answer?.(client)
  })
  const socket = folder.join('restart.sock')
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    socket,
    count: () => clients.length,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      await new Promise((resolve) => server.close(resolve))
      folder[Symbol.dispose]()
    },
  }
}

const says = (bytes: Uint8Array | string) => (client: Socket) =>
  client.once('data', () => void client.end(bytes))
const response = (content: object) => says(encodeFrame({ Response: content }))
const closes = (client: Socket) => void client.destroy()

describe('shellflip restart, of something else', () => {
  it('that reports pid 0, as under systemd: the command names the starter of the new process', async () => {
    await using rust = await impostor(response({ RestartComplete: 0 }))
    const { code, stdout } = await shellflip('restart', '--socket', rust.socket)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^restarted: the service manager starts the new process in \d+ ms\n$/)
  })

  it('that closes without a reply gets the request once more, because a successor may answer', async () => {
    await using handingOver = await impostor(closes, response({ RestartComplete: 4711 }))
    const { code, stdout } = await shellflip('restart', '--socket', handingOver.socket)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^restarted: pid 4711 in \d+ ms\n$/)
  })

  it.each<[string, (client: Socket) => void, number, RegExp]>([
    ['closes again and again', closes, 2, /closed the connection (before|instead)/],
    ['ends in the middle of a reply', says(Buffer.of(0, 0, 0, 9, 0x7b)), 2, /in the middle of a reply/],
    ['speaks HTTP', says('HTTP/1.1 400 Bad Request\r\n\r\n'), 1, /frame/],
    ['frames garbage', says(Buffer.concat([Buffer.of(0, 0, 0, 2), Buffer.from('\x1b[')])), 1, /JSON/],
    ['says another word', response({ RestartMaybe: 1 }), 1, /Response/],
    [
      'refuses in colour',
      response({ RestartFailed: 'no\n\x1b[31m\x9b1m\u202edaer' }),
      1,
      /no \\x1b\[31m\\u009b1m\\u202edaer/,
    ],
  ])('that %s is one clear line', async (_, answer, count, reason) => {
    await using hostile = await impostor(answer)
    const finished = await shellflip('restart', '--socket', hostile.socket)
    expect(finished).toMatchObject({ code: 1, stdout: '' })
    expect(finished.stderr).toMatch(/^shellflip: restart failed: [^\p{Cc}\u202e]+\n$/u)
    expect(finished.stderr).toMatch(reason)
    expect(hostile.count()).toBe(count)
  })

  it('that is silent ends with --timeout', async () => {
    await using silent = await impostor(() => {})
    expect(await shellflip('restart', '--socket', silent.socket, '--timeout', '0.2s')).toEqual(
      failure(noOutcomeWithin(0.2)),
    )
  })

  it('that belongs to another user', async () => {
    await using other = await impostor(closes)
    chmodSync(other.socket, 0)
    // Root may do everything, so it asks as nobody.
    const nobody = ['--reuid=65534', '--clear-groups', process.execPath]
    const [file = '', ...args] = process.getuid?.() === 0 ? ['setpriv', ...nobody] : [process.execPath]
    await using run = TestProcess.start(file, [...args, cli, 'restart', '--socket', other.socket])
    expect(await run.exit).toEqual({ code: 1, signal: null })
    expect(run.stderr).toBe(
      `shellflip: restart failed: not allowed to connect to ${other.socket}. Send the request as its owner, or as root\n`,
    )
    expect(other.count()).toBe(0)
  })

  it.runIf(process.getuid?.() === 0)('that another user may have put there is sent nothing', async () => {
    using place = temporaryFolder('sf-cli-')
    chmodSync(place.path, 0o777)
    const socket = place.join('restart.sock')
    const pretend = `
      const server = require('node:net').createServer((client) => {
        client.once('data', () => console.log('asked')).once('close', () => console.log('gone')).on('error', () => {})
      })
      server.listen(process.argv[1], () => console.log('listening'))
    `
    const asNobody = ['--reuid=65534', '--clear-groups', process.execPath, '-e', pretend, socket]
    await using other = TestProcess.start('setpriv', asNobody)
    await other.printed(/listening/)
    const { code, stdout, stderr } = await shellflip('restart', '--socket', socket)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(`shellflip: restart failed: uid 65534 listens at ${socket}, not root or uid 0. `)
    await other.printed(/gone/)
    expect(other.stdout).not.toContain('asked')
  })

  it('that is not there', async () => {
    using folder = temporaryFolder()
    const socket = folder.join('restart.sock')
    expect(await shellflip('restart', '--socket', socket)).toEqual(
      failure(`no process listens at ${socket}. Check that the service is running`),
    )
  })
})

describe('the command line', () => {
  it('answers --version before it loads anything else', async () => {
    using coverage = temporaryFolder()
    await using run = TestProcess.node([cli, '--version'], { env: { NODE_V8_COVERAGE: coverage.path } })
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout).toMatch(/^shellflip \d+\.\d+\.\d+\n$/)

    const [report = ''] = readdirSync(coverage.path)
    const { result } = JSON.parse(readFileSync(coverage.join(report), 'utf8')) as {
      result: { url: string }[]
    }
    const files = result.map(({ url }) => url).filter((url) => url.startsWith('file:'))
    const bytes = files.reduce((sum, url) => sum + readFileSync(new URL(url)).length, 0)
    expect(bytes).toBeLessThan(10_000)
  })

  it.each([[['--help']], [['restart', '--help']]])('helps: %j', async (args) => {
    const { code, stdout, stderr } = await shellflip(...args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('Usage: shellflip')
  })

  it.each<[string[], string]>([
    [['bogus'], "unknown command 'bogus'"],
    [['restart'], "required option '--socket <path>' not specified"],
    [
      ['restart', '--socket', '/s', '--timeout', '90'],
      '--timeout: "90" is not a duration: a unit is missing',
    ],
    [['restart', '--socket', '/s', '--timeout', '0s'], '--timeout: "0s" must be greater than 0'],
    [['restart', '--socket', '/s', '--timout', '1s'], 'Did you mean --timeout?'],
    [['restart', '--socket', '/s', 'now'], 'too many arguments'],
  ])('refuses %j in one line, exit 2', async (args, message) => {
    const { code, stdout, stderr } = await shellflip(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^shellflip: [^\n]*\n$/)
    expect(stderr).toContain(message)
  })
})
