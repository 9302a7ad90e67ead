import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Disaster } from './testing/fault.ts'
import { FaultyService, type Restore, serviceScripts } from './testing/faulty-service.ts'

const isRoot = process.getuid?.() === 0
const nobody = 65534
const other = 65533
const [anyScript] = serviceScripts
const mayNobodyRun =
  isRoot &&
  spawnSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(anyScript)})`], {
    uid: nobody,
    gid: nobody,
  }).status === 0

type Change = (service: FaultyService, predecessor: number) => Restore

/** Changes of the control socket's folder while the service runs. */
const changes: Record<string, Change> = {
  'may not be entered': ({ sandbox }) => {
    const folder = sandbox.path('control')
    chmodSync(folder, 0)
    return () => chmodSync(folder, 0o700)
  },
  "is another user's": ({ sandbox }) => {
    const folder = sandbox.path('control')
    chownSync(folder, other, other)
    return () => chownSync(folder, nobody, nobody)
  },
  'is a file': (service) => replaced(service, (folder) => writeFileSync(folder, '')),
  'is gone': (service) => replaced(service, () => {}),
  'is a new one': (service) => replaced(service, (folder) => mkdirSync(folder, { mode: 0o700 })),
}

function replaced({ sandbox }: FaultyService, replace: (folder: string) => void): Restore {
  const folder = sandbox.path('control')
  const aside = sandbox.path('control.aside')
  renameSync(folder, aside)
  replace(folder)
  let isRestored = false
  return () => {
    if (isRestored) return
    isRestored = true
    // A successor has made the folder again, and its control socket in it.
    if (existsSync(`${folder}/restart.sock`)) return rmSync(aside, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
    renameSync(aside, folder)
  }
}

/** A disk of 16 KiB in this folder. Unmounted with the scope. */
function smallDisk(folder: string): Disposable {
  const disk = `${folder}/disk`
  mkdirSync(disk)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk])
  expect(status, 'mount(8) needs CAP_SYS_ADMIN').toBe(0)
  return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', disk]) }
}

describe.runIf(process.platform === 'linux' && isRoot)('an upgrade is harmless', { timeout: 120_000 }, () => {
  describe.skipIf(!mayNobodyRun)(
    'for a user without privileges, when the folder of the control socket',
    () => {
      test.each(Object.entries(changes))('%s', async (_, change) => {
        await using service = await FaultyService.start({}, nobody)
        const { problems } = await service.upgradeIn(change)
        expect(problems).toEqual([])
      })
    },
  )

  test.skipIf(!mayNobodyRun)('when the service has given up its privileges', async () => {
    await using service = await FaultyService.start({ uidWhenReady: nobody })
    const { reply, problems } = await service.upgradeIn(() => () => {})
    // Its folder is root's alone, so that no successor can start there.
    const refusal = expect.stringContaining('EACCES')
    expect(reply).toEqual({ reason: refusal })
    expect(problems).toEqual([refusal])
  })

  test('when the disk of the pid file is full', async () => {
    let disk: Disposable | undefined
    const options = { pidFile: 'disk/service.pid' }
    await using service = await FaultyService.start(options, undefined, (folder) => {
      disk = smallDisk(folder)
    })
    using _ = disk
    const verdict = await service.upgradeIn(({ sandbox }) => {
      const filler = sandbox.path('disk/filler')
      expect(() => writeFileSync(filler, Buffer.alloc(1_000_000))).toThrow(/ENOSPC/)
      return () => rmSync(filler, { force: true })
    })
    expect(verdict.problems).toEqual([])
    expect(verdict.reply).toEqual({ reason: expect.stringContaining('ENOSPC') })
  })

  test('when few descriptors are free', async () => {
    await using service = await FaultyService.start()
    const outcomes = new Set<string>()
    for (let free = 1; free <= 16; free += 3) {
      const { problems, reply } = await service.upgradeIn((_, predecessor) => {
        limitDescriptors(predecessor, readdirSync(`/proc/${predecessor}/fd`).length + free)
        return (pid) => limitDescriptors(pid, 1_024)
      })
      expect(problems, `${free} are free`).toEqual([])
      outcomes.add(Object.keys(reply)[0] as string)
    }
    expect([...outcomes].sort(), 'too few, and enough').toEqual(['pid', 'reason'])
  })

  test.each<Disaster>(['uncaught', 'uncaught in the next turn', 'rejection'])(
    'when the program swallows what it did not catch: %s',
    async (action) => {
      await using service = await FaultyService.start({ swallows: true })
      for (const point of ['taken-over', 'said-ready', 'listening', 'ready']) {
        const { problems } = await service.upgradeWith({ side: 'successor', point, action })
        expect(problems, point).toEqual([])
      }
    },
  )
})

/** The soft limit: a process can raise it again. */
function limitDescriptors(pid: number, count: number): void {
  spawnSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`])
}
