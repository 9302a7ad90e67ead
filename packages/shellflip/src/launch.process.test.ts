import { mkdirSync, readFileSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FlipSandbox, serviceScript } from './testing/flip-sandbox.ts'

/** A release: a folder with a program in it, which says which one it is. */
function release(service: FlipSandbox, folder: string, version: string): string {
  const path = service.path(folder)
  mkdirSync(path)
  const program = `process.env.FLIP_RELEASE = '${version}'; await import('${serviceScript}')\n`
  writeFileSync(service.path(folder, 'app.mjs'), program)
  return path
}

const cmdline = (pid: number) => readFileSync(`/proc/${pid}/cmdline`)
const answered = async (service: FlipSandbox) => (await service.request()).version

describe
  .runIf(process.platform === 'linux')
  .concurrent('R13: a successor is started', { timeout: 90_000 }, () => {
    test('by a relative program and a relative script, after a chdir()', async () => {
      await using service = new FlipSandbox()
      symlinkSync(process.execPath, service.path('node'))
      const cwd = release(service, 'work', '1')
      await service.startServing({ command: ['../node', 'app.mjs', 'a b', ''], cwd })
      for (let generation = 2; generation <= 3; generation++) {
        await service.request('/chdir?to=/')
        const pid = await service.upgraded()
        expect(await service.request()).toMatchObject({ pid, version: '1' })
        expect(readlinkSync(`/proc/${pid}/cwd`)).toBe(cwd)
        const [node, script, ...args] = cmdline(pid).toString().split('\0')
        expect([node, script, ...args]).toEqual([
          service.path('node'),
          service.path('work', 'app.mjs'),
          'a b',
          '',
          '',
        ])
      }
    })

    test('by the program that a link leads to now', async () => {
      await using service = new FlipSandbox()
      symlinkSync(process.execPath, service.path('node'))
      await service.startServing({ command: [service.path('node'), serviceScript] })
      writeFileSync(service.path('next'), `#!/bin/sh\nFLIP_RELEASE=2 exec ${process.execPath} "$@"\n`, {
        mode: 0o755,
      })
      renameSync(service.path('next'), service.path('node'))
      await service.upgraded()
      expect(await answered(service)).toBe('2')
    })

    test('from where a link leads to now: current', async () => {
      await using service = new FlipSandbox()
      release(service, 'release-1', '1')
      release(service, 'release-2', '2')
      symlinkSync('release-1', service.path('current'))
      await service.startServing({ command: [process.execPath, service.path('current', 'app.mjs')] })
      expect(await answered(service)).toBe('1')
      moveLink(service, 'release-2')
      await service.upgraded()
      expect(await answered(service)).toBe('2')
      moveLink(service, 'release-1')
      await service.upgraded()
      expect(await answered(service)).toBe('1')
    })

    test('in the working directory that a link leads to now, as its user typed it', async () => {
      await using service = new FlipSandbox()
      release(service, 'release-1', '1')
      release(service, 'release-2', '2')
      symlinkSync('release-1', service.path('current'))
      // A shell sets PWD.
      await service.startServing({
        command: ['sh', '-c', `cd ${service.path('current')} && exec ${process.execPath} app.mjs`],
      })
      moveLink(service, 'release-2')
      await service.upgraded()
      expect(await answered(service)).toBe('2')
    })

    test('in a working directory that was replaced', async () => {
      await using service = new FlipSandbox()
      const cwd = release(service, 'app', '1')
      await service.startServing({ command: [process.execPath, 'app.mjs'], cwd })
      renameSync(cwd, service.path('old'))
      release(service, 'app', '2')
      await service.upgraded()
      expect(await answered(service)).toBe('2')
    })

    test('with arguments that are not UTF-8, byte for byte, again and again', async () => {
      await using service = new FlipSandbox()
      const odd = String.raw`"$(printf '\377\376 a\nb\001')" '' "$(printf 'caf\351')" 'café'`
      const first = await service.startServing({
        command: ['sh', '-c', `exec ${process.execPath} --stack-size=900 ${serviceScript} ${odd}`],
      })
      const typed = cmdline(first)
      expect(typed.includes(Buffer.from([0xff, 0xfe]))).toBe(true)
      expect(cmdline(await service.upgraded())).toEqual(typed)
      expect(cmdline(await service.upgraded())).toEqual(typed)
    })

    test('as it was typed, though process.title says something else', async () => {
      await using service = await FlipSandbox.serving(
        {},
        { command: [process.execPath, serviceScript, 'an argument'] },
      )
      const [first] = service.pids() as [number]
      const typed = cmdline(first)
      await service.request('/title?to=flip')
      expect(cmdline(first)).not.toEqual(typed)
      expect(cmdline(await service.upgraded())).toEqual(typed)
    })
  })

function moveLink(service: FlipSandbox, to: string): void {
  symlinkSync(to, service.path('next'))
  renameSync(service.path('next'), service.path('current'))
}
