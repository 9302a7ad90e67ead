import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { compileScriptedProcess, processState, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { groupOf, memberOf, ownerOf, signal } from './process-lookup.ts'

/** A shell that leads a group, with what it runs. */
function shell(script: string) {
  const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
  const pid = child.pid as number
  return {
    pid,
    child,
    async line() {
      const [data] = await once(child.stdout, 'data')
      return String(data).trim()
    },
    [Symbol.dispose]() {
      signal(-pid, 'SIGKILL')
    },
  }
}

describe.runIf(process.platform === 'linux')('a process group', () => {
  test('has members until the last one has ended, whatever became of its leader', async () => {
    using leader = shell('sleep 60 & echo $!; exec sleep 0')
    const member = Number(await leader.line())
    await waitFor(() => leader.child.exitCode !== null)
    expect(groupOf(member)).toBe(leader.pid)
    expect(memberOf(leader.pid)).toBe(member)
    expect(memberOf(leader.pid, member)).toBe(member)
    process.kill(member, 'SIGKILL')
    await waitFor(() => memberOf(leader.pid, member) === undefined)
  })

  test('has no member when only a zombie is left of it', async () => {
    // Its parent leads another group and does not wait for it.
    using folder = temporaryFolder()
    using parent = shell(`exec ${compileScriptedProcess(folder.path)} zombie hang`)
    const zombie = Number(await parent.line())
    await waitFor(() => processState(zombie) === 'Z')
    expect(signal(-zombie, 0)).toBe('sent')
    expect(memberOf(zombie)).toBeUndefined()
    expect(ownerOf(zombie)).toBeUndefined()
  })
})

test.runIf(process.platform === 'linux')('a thread is not a process', () => {
  const thread = readdirSync('/proc/self/task')
    .map(Number)
    .find((id) => id !== process.pid)
  expect(thread).toBeDefined()
  expect(readFileSync(`/proc/${thread}/status`, 'latin1')).toContain('Tgid')
  expect(ownerOf(thread ?? 0)).toBeUndefined()
  expect(ownerOf(process.pid)).toBe(process.getuid?.())
})

test('a signal returns its result', () => {
  using living = shell('read line')
  expect(signal(living.pid, 0)).toBe('sent')
  expect(signal(2 ** 22, 0)).toBe('gone')
})

test.runIf(process.getuid?.() === 0)('a signal to a process of another user is refused', async () => {
  const script = `
    process.setgid(65534); process.setuid(65534)
    try { process.kill(${process.pid}, 0) } catch (error) { console.log(error.code) }`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [data] = await once(child.stdout, 'data')
  expect(String(data).trim()).toBe('EPERM')
})
