import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processesWith, temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { Machine } from './machine.ts'

const shell = join(import.meta.dirname, '../dist/shell.js')

/** `npm run e2e:shell`, marked so that all that it starts is found. */
function startShell(mark: string) {
  const child = spawn(process.execPath, [shell], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, CI_ENCLOSURE: mark },
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  return { child, output, [Symbol.asyncDispose]: () => ended(child) }
}

async function ended(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** The folder of the cgroup that a machine has for itself, by one of its processes. */
function machineCgroup(pid: number): string | undefined {
  const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1] as string
  const path = /^0::(.*\/shellflip-e2e-\d+)/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1]
  return path && join(mount, path)
}

const machineMounts = () => readFileSync('/proc/self/mounts', 'utf8').match(/^.*shellflip-e2e.*$/gm) ?? []

test('a machine runs systemd 257 or newer, and is gone after its scope', async () => {
  await using machine = await Machine.boot()
  const cgroup = machineCgroup(machine.pid) as string
  expect(existsSync(cgroup)).toBe(true)
  expect(
    Number(/systemd (\d+)/.exec(await machine.run(['systemctl', '--version']))?.[1]),
  ).toBeGreaterThanOrEqual(257)
  expect(await machine.run(['systemctl', 'is-system-running'])).toBe('running')
  expect(await machine.run(['node', '--version'])).toBe(process.version)
  await machine.stop()
  expect({ cgroup: existsSync(cgroup), mounts: machineMounts() }).toEqual({ cgroup: false, mounts: [] })
  await expect(machine.run(['true'])).rejects.toMatchObject({ code: 'ERR_COMMAND' })
})

test('what is written in a machine is not in the next one', async () => {
  {
    await using machine = await Machine.boot()
    machine.write('/etc/written', 'by the first')
    expect(await machine.run(['cat', '/etc/written'])).toBe('by the first')
  }
  await using machine = await Machine.boot()
  expect(await machine.exec(['cat', '/etc/written'])).toMatchObject({ code: 1 })
})

test('requested Debian packages are installed: podman, for example, runs a container', async () => {
  await using machine = await Machine.boot({ debianPackages: ['podman', 'crun'] })
  const files = '/bin/echo $(ldd /bin/echo | grep -o "/[^ ]*")'
  const script = `tar --dereference --create ${files} | podman import - localhost/echo`
  await machine.run(['sh', '-c', script])
  // There are no controllers in the cgroups of a machine, and no network but its own.
  const container = ['podman', 'run', '--rm', '--pids-limit=0', '--net=host', 'localhost/echo']
  expect(await machine.run([...container, '/bin/echo', 'from a container'])).toBe('from a container')
})

test('the shell takes commands, and ends with their status', async () => {
  using folder = temporaryFolder()
  await using run = startShell(folder.path)
  const { child, output } = run
  child.stdin.end('systemctl show --property=Type,ActiveState web.service\nexit 7\n')
  const [code] = await once(child, 'close')
  expect({ code, stdout: output.stdout }, output.stderr).toEqual({
    code: 7,
    stdout: 'Type=notify-reload\nActiveState=active\n',
  })
})

test('who booted a machine and is killed leaves nothing behind', async () => {
  using folder = temporaryFolder()
  await using run = startShell(folder.path)
  const { child, output } = run
  await waitFor(() => output.stderr.includes('started: '), { deadlineMs: 30_000, what: 'the shell' })
  const processes = processesWith(folder.path)
  const cgroup = processes.map(machineCgroup).find((path) => path !== undefined) as string
  expect(processes.length).toBeGreaterThan(3)
  expect(existsSync(cgroup)).toBe(true)
  child.kill('SIGKILL')
  await waitFor(() => processesWith(folder.path).length === 0, { what: 'all processes to end' })
  expect({ cgroup: existsSync(cgroup), mounts: machineMounts() }).toEqual({ cgroup: false, mounts: [] })
})
