import { mkdirSync } from 'node:fs'
import { isAlive, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ProcrollSandbox } from '../testing/procroll-sandbox.ts'

/** Goes to the background as a daemon does: into a session of its own, and then its parent exits with 0. */
const daemon = (command: string) =>
  `setsid sh -c 'echo > away; ${command}' >/dev/null 2>&1 & until [ -e away ]; do sleep 0.01; done; echo "daemon $!"; exit 0`

describe.runIf(process.platform === 'linux')('a program that goes to the background', () => {
  it.each([
    ['with its environment', 'exec sleep 1000'],
    ['that wrote over its environment', 'exec env -i sleep 1000'],
    ['in a process of a process', 'setsid sleep 1000 & exit 0'],
  ])('fails, %s, and is ended', async (_, command) => {
    await using sandbox = new ProcrollSandbox()
    const { code, stdout, stderr } = await sandbox.finish(['run', 'sh', '-c', daemon(command)])
    expect(code).toBe(1)
    expect(stderr).toContain('Run the program in the foreground')
    expect(stderr).toMatch(/the generation left a process in the background: ending it" generation=1 pid=\d+/)
    expect(isAlive(Number(/daemon (\d+)/.exec(stdout)?.[1]))).toBe(false)
    expect(sandbox.processes).toEqual([])
  })

  it('is ended where the path of its notify socket is not ASCII', async () => {
    await using sandbox = new ProcrollSandbox()
    const tempdir = sandbox.join('tö')
    mkdirSync(tempdir)
    const command = daemon('exec sleep 1000')
    const { code } = await sandbox.finish(['run', '--tempdir', tempdir, 'sh', '-c', command])
    expect(code).toBe(1)
    expect(sandbox.processes).toEqual([])
  })

  it('is killed where it ignores the stop signal', async () => {
    await using sandbox = new ProcrollSandbox()
    const command = daemon('trap "" TERM; while :; do sleep 0.1; done')
    const { code } = await sandbox.finish(['run', '--shutdown-timeout', '200ms', 'sh', '-c', command])
    expect(code).toBe(1)
    expect(sandbox.processes).toEqual([])
  })

  it('in a roll takes nothing of the generation that serves with it', async () => {
    await using sandbox = new ProcrollSandbox()
    // The first generation has helpers in the background too, one of which shows no environment.
    const first = `setsid sleep 1000 & setsid env -i PROCROLL_RUNTIME_DIR=$PROCROLL_RUNTIME_DIR sleep 1000 &
      exec ${sandbox.scripted} notify READY=1 hang`
    const script = `case $NOTIFY_SOCKET in */1.sock) ${first};; *) ${daemon('exec sleep 1000')};; esac`
    const supervisor = sandbox.start(['run', 'sh', '-c', script])
    await supervisor.printed(/generation serves/)
    // procroll, the service and its two helpers.
    await waitFor(() => sandbox.processes.length === 4)
    const serving = sandbox.processes
    const { code, stderr } = await sandbox.finish(['roll'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/exited with 0 before ready/)
    await supervisor.printed(/left a process in the background/)
    await waitFor(() => sandbox.processes.length === 4)
    expect(sandbox.processes).toEqual(serving)
    expect((await sandbox.status()).state).toBe('serving')
  })

  it('is followed where it names itself by MAINPID', async () => {
    await using sandbox = new ProcrollSandbox()
    const script = `setsid ${sandbox.scripted} main-pid notify READY=1 append away '' hang &
      until [ -e away ]; do sleep 0.01; done`
    const supervisor = sandbox.start(['run', 'sh', '-c', script])
    await supervisor.printed(/generation serves/)
    supervisor.kill()
    expect((await supervisor.exit).code).toBe(0)
    expect(supervisor.stderr).not.toContain('background')
    expect(sandbox.processes).toEqual([])
  })
})
