import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { endProcessesWith, TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { cli, ProcrollSandbox } from './testing/procroll-sandbox.ts'

const isRoot = process.platform === 'linux' && process.geteuid?.() === 0
const [us, them] = [65_534, 65_533]

const as = (uid: number) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']

/** A server that another user has made in time, and that prints what it hears. */
const fakeServer = `
  const { mkdirSync } = require('node:fs')
  const [folder] = process.argv.slice(1)
  mkdirSync(folder, { recursive: true })
  require('node:net')
    .createServer((client) => client.on('data', (bytes) => console.log('heard', String(bytes))))
    .listen(folder + '/control.sock', () => {
      require('node:fs').chmodSync(folder + '/control.sock', 0o777)
      console.log('listens')
    })`

/** A /tmp in which another user has made our runtime folder before us. */
class TakenPlace implements AsyncDisposable {
  readonly sandbox = new ProcrollSandbox()
  readonly tmp = this.sandbox.join('shared')
  readonly folder = this.sandbox.join('shared', `procroll-${us}`)

  constructor() {
    mkdirSync(this.tmp)
    chmodSync(this.tmp, 0o1777)
    chmodSync(this.sandbox.join('.'), 0o755)
  }

  /** Runs a script as the other user. */
  plant(script: string): void {
    const { status } = spawnSync(as(them)[0] as string, [
      ...as(them).slice(1),
      'sh',
      '-ec',
      script,
      'sh',
      this.folder,
    ])
    expect(status).toBe(0)
  }

  /** Runs procroll as us. */
  run(args: readonly string[]) {
    const [file = '', ...words] = [...as(us), 'env', '-u', 'PROCROLL_RUNTIME_DIR', '-u', 'XDG_RUNTIME_DIR']
    return TestProcess.start(file, [...words, process.execPath, cli, ...args], {
      env: { ...this.sandbox.env, MARK: this.sandbox.runtime, TMPDIR: this.tmp, HOME: '/' },
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcessesWith(`MARK=${this.sandbox.runtime}\0`)
    await this.sandbox[Symbol.asyncDispose]()
  }
}

describe.runIf(isRoot)('a runtime folder that another user has made', () => {
  it('is not swept: nothing in it is read or removed, and an unnamed procroll serves without it', async () => {
    await using place = new TakenPlace()
    place.plant(
      `umask 0; mkdir -p "$1/900000001/a"; echo '{}' > "$1/900000001/generations.json"; chmod 777 "$1"`,
    )
    await using run = place.run(['run', '--', 'sh', '-c', 'exit 3'])
    expect((await run.exit).code).toBe(3)
    expect(run.stderr).toMatch(
      /level=WARN msg="cannot open a control socket: .*belongs to uid 65533.*PROCROLL_RUNTIME_DIR/,
    )
    expect(run.stderr).not.toContain('record of former')
    expect(readdirSync(`${place.folder}/900000001`)).toEqual(['a', 'generations.json'])
  })

  it('is refused for a name, and the error says what to set', async () => {
    await using place = new TakenPlace()
    place.plant('mkdir "$1"')
    await using run = place.run(['run', '--name', 'web', '--', 'true'])
    expect((await run.exit).code).toBe(1)
    expect(run.stderr).toMatch(
      /^procroll: the runtime folder .* belongs to uid 65533.* Set PROCROLL_RUNTIME_DIR .*\n$/,
    )
    expect(readdirSync(place.folder)).toEqual([])
  })

  it.each([
    [['roll', '--name', 'web']],
    [['roll']],
    [['status']],
    [['status', '--json']],
    [['stop', '--name', 'web']],
  ])('is not believed by %j, which sends nothing to a server in it', async (args) => {
    await using place = new TakenPlace()
    const [file = '', ...words] = as(them)
    await using fake = TestProcess.start(file, [
      ...words,
      process.execPath,
      '-e',
      fakeServer,
      `${place.folder}/web`,
    ])
    await fake.printed(/listens/)
    place.plant(`mkdir "$1/$(printf 'x\\033]0;PWNED\\007\\302\\233')"`)
    await using run = place.run(args)
    expect(await run.exit).toMatchObject({ code: 1 })
    expect(run.stdout).toBe('')
    expect(run.stderr).toMatch(/^procroll: the runtime folder .* belongs to uid 65533.*\n$/)
    expect(run.stderr.trimEnd()).not.toMatch(/PWNED|\p{Cc}/u)
    expect(fake.stdout).toBe('listens\n')
  })
})

describe.runIf(isRoot)('a runtime folder that another user has made after ours was swept away', () => {
  it('gets no control socket and no record, and loses nothing at the exit', async () => {
    await using place = new TakenPlace()
    await using run = place.run(['run', '--name', 'web', '--', ...place.sandbox.service()])
    await run.printed(/msg="generation serves" generation=1/)
    run.kill('SIGSTOP')
    spawnSync('rm', ['-rf', place.folder])
    place.plant('umask 0; mkdir -p "$1/web"; echo precious > "$1/web/generations.json"')
    run.kill('SIGCONT')
    await run.printed(
      /level=ERROR msg="control socket was removed, and cannot be created again yet".*uid 65533/,
    )
    run.kill('SIGHUP')
    await run.printed(/msg="generation serves" generation=2/)
    run.kill()
    expect((await run.exit).code).toBe(0)
    expect(readdirSync(`${place.folder}/web`)).toEqual(['generations.json'])
    expect(readFileSync(`${place.folder}/web/generations.json`, 'utf8')).toBe('precious\n')
  })
})

describe.runIf(isRoot)('a notify folder in a shared folder', () => {
  it('that another user has put in the place of a swept one is not used, and not removed', async () => {
    await using place = new TakenPlace()
    await using run = place.run(['run', '--', ...place.sandbox.service()])
    await run.printed(/msg="generation serves" generation=1/)
    const notifyFolders = () => readdirSync(place.tmp).filter((name) => /^procroll-\w{6}$/.test(name))
    const [name = ''] = notifyFolders()
    run.kill('SIGSTOP')
    spawnSync('rm', ['-rf', `${place.tmp}/${name}`])
    const [file = '', ...words] = as(them)
    spawnSync(file, [...words, 'mkdir', '-m', '777', `${place.tmp}/${name}`])
    run.kill('SIGCONT')
    await run.printed(/level=ERROR msg="notify socket was removed, and cannot be created again/)
    run.kill('SIGHUP')
    await run.printed(/msg="generation serves" generation=2/)
    expect(readdirSync(`${place.tmp}/${name}`)).toEqual([])
    await waitFor(() => notifyFolders().length === 2)
    run.kill()
    expect((await run.exit).code).toBe(0)
    expect(notifyFolders()).toEqual([name])
  })
})
