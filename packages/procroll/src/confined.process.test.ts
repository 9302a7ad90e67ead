import { describe, expect, it } from 'vitest'
import { ProcrollSandbox, type StartOptions } from './testing/procroll-sandbox.ts'

const { allowedNodeEnvironmentFlags: known } = process

const places: Record<string, StartOptions> = {
  'with 64 descriptors': { under: ['sh', '-c', 'ulimit -n 64 && exec "$@"', 'sh'] },
  'in a directory whose name is not UTF-8': {
    under: ['sh', '-c', `d=$(printf 'caf\\351') && mkdir -p "$d" && cd "$d" && exec "$@"`, 'sh'],
  },
  "under Node's permission model": {
    nodeFlags: [
      known.has('--permission') ? '--permission' : '--experimental-permission',
      '--allow-fs-read=*',
      '--allow-fs-write=*',
      '--allow-addons',
      ...(known.has('--allow-net') ? ['--allow-net'] : []),
    ],
  },
}

describe.each(Object.entries(places))('%s', (_, place) => {
  it('it serves, rolls and stops', async () => {
    await using sandbox = new ProcrollSandbox()
    const supervisor = await sandbox.serve(['--listen', 'tcp://127.0.0.1:0'], [], place)
    const rolled = await sandbox.finish(['roll'], place)
    expect(rolled.code, rolled.stderr).toBe(0)
    expect(rolled.stdout + rolled.stderr).toMatch(/generation 2 ready/)
    const stopped = await sandbox.finish(['stop'], place)
    expect(stopped.code, stopped.stderr).toBe(0)
    expect(await supervisor.exit, supervisor.stderr).toEqual({ code: 0, signal: null })
  })
})
