import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isAlive, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, it } from 'vitest'

const isRoot = process.platform === 'linux' && process.geteuid?.() === 0
const nobody = 65_534

/** Runs as root for every user, as sudo(8) does. It keeps no pipe open that the test reads. */
const launcher = `
  #include <unistd.h>
  int main(void) {
    if (setuid(0) != 0) return 1;
    close(1);
    close(2);
    for (;;) pause();
  }`

const code = `
  import { Generation, nodeSystem } from '@shellflip/generation'
  process.setgroups([])
  process.setgid(${nobody})
  process.setuid(${nobody})
  const generation = new Generation({
    id: 1,
    launch: { file: process.env.LAUNCHER, args: [], env: {}, listen: [] },
    notifySocket: process.env.SOCKET,
    readyTimeoutMs: 60_000,
    drainTimeoutMs: 50,
    stopSignal: 'SIGTERM',
    onEvent: ({ type, pid }) => console.log(type, pid ?? ''),
  }, nodeSystem)
  generation.start()
  const looking = setInterval(() => {
    if (nodeSystem.ownerOf(generation.pid) !== 0) return
    clearInterval(looking)
    generation.stop()
  }, 5)`

it.runIf(isRoot)('a supervisor ends before a process that it may not kill', async (context) => {
  using folder = temporaryFolder()
  chmodSync(folder.path, 0o755)
  const own = folder.join('own')
  mkdirSync(own)
  chownSync(own, nobody, nobody)
  const file = folder.join('launcher')
  writeFileSync(`${file}.c`, launcher)
  execFileSync(process.env.CC ?? 'cc', ['-o', file, `${file}.c`])
  chmodSync(file, 0o4755)
  await using run = TestProcess.node(['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { LAUNCHER: file, SOCKET: `${own}/1.sock` },
  })
  const [, text] = await run.printed(/^given-up (\d+)\n|^exited/m)
  if (text === undefined) return context.skip('no program here can change its user (nosuid)')
  const pid = Number(text)
  try {
    await waitFor(() => !isAlive(run.pid), { what: 'the end of the supervisor' })
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(isAlive(pid)).toBe(true)
  } finally {
    process.kill(pid, 'SIGKILL')
  }
})
