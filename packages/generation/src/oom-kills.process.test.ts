import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TestProcess } from '@shellflip/testing'
import { expect, it } from 'vitest'

/** A memory controller of cgroup v1 that this user may use: v2 needs one that is delegated. */
const controller = '/sys/fs/cgroup/memory'
const canLimit = process.geteuid?.() === 0 && existsSync(`${controller}/memory.oom_control`)

const code = `
  import { writeFileSync } from 'node:fs'
  import { nodeSystem } from '@shellflip/generation'
  writeFileSync(process.env.GROUP + '/cgroup.procs', String(process.pid))
  // It fills its memory; the limit holds for all of the group, and the largest one is killed.
  const args = ['-e', 'const held = []; for (;;) held.push(Buffer.alloc(8 << 20, 1))']
  const launch = { file: process.execPath, args, env: {}, listen: [] }
  const started = (onExit) => nodeSystem.spawn(launch, { onExit, onError: console.error })
  started((exit) => {
    console.log(JSON.stringify(exit))
    const spawned = nodeSystem.spawn({ ...launch, file: 'sleep', args: ['60'], env: process.env }, {
      onExit: (other) => console.log(JSON.stringify(other)),
      onError: console.error,
    })
    process.kill(spawned.pid, 'SIGKILL')
  })`

it.runIf(canLimit)('a kill for lack of memory is distinguished from another SIGKILL', async (context) => {
  const group = `${controller}/shellflip-test-${process.pid}`
  try {
    mkdirSync(group)
    writeFileSync(`${group}/memory.limit_in_bytes`, String(200 << 20))
  } catch {
    context.skip('this system gives nobody here a control group')
  }
  try {
    await using run = TestProcess.node(['--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { GROUP: group },
    })
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { code: null, signal: 'SIGKILL', outOfMemory: true },
      { code: null, signal: 'SIGKILL' },
    ])
  } finally {
    rmdirSync(group)
  }
})
