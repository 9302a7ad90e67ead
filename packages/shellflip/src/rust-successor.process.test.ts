import { existsSync, readFileSync } from 'node:fs'
import { argumentsOf, waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { Deployment, type Plan } from './testing/deployment.ts'

// The tests look in /proc for what is left of a service.
const onLinux = describe.runIf(process.platform === 'linux')
// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

/** A service that hands over as if its successor used the Rust crate. The other side of that protocol is ours as well. */
function rustPlan({ options, ...plan }: Partial<Plan> = {}): Plan {
  return {
    version: '1',
    state: { value: { visits: 7 } },
    toRust: true,
    fromRust: true,
    ...plan,
    options: { handover: 'rust-successor', ...options },
  }
}

/** Runs this script instead of a service. */
function script(text: string, options: Record<string, unknown> = {}): Plan {
  return rustPlan({ options: { successor: { file: '/bin/sh', args: ['-c', text] }, ...options } })
}

onLinux('an upgrade in the protocol of the Rust crate', () => {
  test('hands over sockets, bytes and control socket, and again', async () => {
    await using service = new Deployment()
    const sockets = [
      { name: 'web', host: '127.0.0.1', port: 0 },
      { path: service.join('s') },
      { kind: 'udp', name: 'udp', host: '127.0.0.1', port: 0 } as const,
    ]
    const { pid } = await service.serve(rustPlan({ sockets }))
    const first = service.opened(pid)
    const second = await service.upgradeTo(rustPlan({ sockets, version: '2' }))
    expect(service.opened(second)).toEqual(first)
    const answered = { pid: second, version: '2', state: { visits: 7 } }
    for (const where of first.slice(0, 2)) expect(await service.answer(where)).toEqual(answered)
    expect(existsSync(`${service.controlSocket}.lock`)).toBe(false)
    await waitFor(() => service.processes.join() === `${second}`)

    const third = await service.upgradeTo(rustPlan({ sockets, version: '3' }))
    expect(service.opened(third)).toEqual(first)
    expect(await service.answer(first[1])).toMatchObject({ pid: third, version: '3' })
    await waitFor(() => service.processes.join() === `${third}`)
  })

  test('reports the pid of the service behind a wrapper', async () => {
    await using service = new Deployment()
    const { pid } = await service.serve(rustPlan())
    const [, program = ''] = argumentsOf(pid)
    const args = ['-c', '"$0" "$1" & wait', process.execPath, program]
    const direct = await service.upgradeTo(rustPlan({ options: { successor: { file: '/bin/sh', args } } }))
    const next = await service.upgradeTo(rustPlan({ version: 'wrapped' }))
    expect(await service.answer()).toMatchObject({ pid: next, version: 'wrapped' })
    const started = await service.told(
      (line) => line.pid === direct && line.event?.type === 'successor-started',
    )
    expect(started.event.pid).not.toBe(next)
  })

  test('gives the descriptors that LISTEN_FDS and the variables of the crate name, and no other', async () => {
    await using service = new Deployment()
    const shown = service.join('shown')
    const looks = `
      (ls /proc/self/fd; env | grep -E 'LISTEN_|OXY_' | sort; cat <&"$OXY_HANDOVER_PIPE") > ${shown}.part 2>&1
      mv ${shown}.part ${shown}; printf 1 >&"$OXY_NOTIFY_SOCKET"; exec sleep 1000`
    await service.serve(script(looks))
    const next = await service.upgradeTo(rustPlan())
    expect(next).toBeGreaterThan(0)
    const lines = readFileSync(shown, 'utf8').split('\n')
    // ls has one of its own, for the folder. What runs the tests may pass others, far above.
    expect(lines.filter((line) => /^\d$/.test(line)).slice(0, -2)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
    ])
    expect(lines.filter((line) => !/^\d+$/.test(line))).toEqual([
      'LISTEN_FDNAMES=listen%3Atcp%3A//127.0.0.1%3A0#http',
      'LISTEN_FDS=1',
      'LISTEN_PID=auto',
      'OXY_HANDOVER_PIPE=5',
      'OXY_NOTIFY_SOCKET=4',
      'OXY_RESTART_SOCKET=6',
    ])
    expect(lines.at(-1)).toBe('7')
    await service.told(({ end }) => end?.type === 'upgraded')
  })

  test.each<[string, string, RegExp]>([
    ['it hangs', 'exec sleep 1000', /not ready within 700 ms\. It got everything, but did not report/],
    [
      'only a process that it started still has the pipe',
      'sleep 1000 & exit 4',
      /^the successor exited with 4 before it was ready/,
    ],
  ])('keeps the service if %s', async (_, text, message) => {
    await using service = new Deployment()
    const { pid } = await service.serve(script(text, { readyTimeoutMs: 700 }))
    expect(await service.failTo(rustPlan())).toMatch(message)
    expect(await service.answer()).toMatchObject({ pid, state: { visits: 7 } })
    await waitFor(() => service.processes.join() === `${pid}`)
    expect(existsSync(`${service.controlSocket}.lock`)).toBe(false)
  })
})
