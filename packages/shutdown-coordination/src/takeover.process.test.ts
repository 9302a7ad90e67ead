import { fileURLToPath } from 'node:url'
import { describeFailures, LoadClient, TestProcess, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import type { ShutdownReport } from './index.ts'

const program = fileURLToPath(new URL('testing/takeover-service.mjs', import.meta.url))
const takeovers = 3

/** The output of the processes: `ready PID at PORT`, and a report when one has drained. */
function ready(output: string): { pid: number; port: number }[] {
  return [...output.matchAll(/^ready (\d+) at (\d+)$/gm)].map(([, pid, port]) => ({
    pid: Number(pid),
    port: Number(port),
  }))
}

function reports(output: string): ShutdownReport[] {
  return [...output.matchAll(/^report (.+)$/gm)].map(([, json = '']) => JSON.parse(json))
}

test('under load, no request fails while one process after the other drains and the next takes over', async () => {
  await using service = TestProcess.node([program])
  let current = await waitFor(() => ready(service.stdout)[0])
  const target = { port: current.port }
  await using busy = LoadClient.start({ target, keepAlive: 16, newConnections: 4, expectBody: /^from \d+$/ })
  await using thinking = LoadClient.start({ target, keepAlive: 16, thinkTimeMs: 100 })
  await waitFor(() => busy.counts.ok > 1_000)

  for (let n = 1; n <= takeovers; n++) {
    process.kill(current.pid, 'SIGHUP')
    const successor = await waitFor(() => ready(service.stdout)[n], { what: 'the successor' })
    process.kill(current.pid, 'SIGTERM')
    const report = await waitFor(() => reports(service.stdout)[n - 1], { what: 'the report' })
    expect(report).toMatchObject({
      reason: 'SIGTERM',
      clean: true,
      servers: [{ name: `${current.pid}`, cut: [] }],
    })
    expect(report.servers[0]?.answered).toBeGreaterThan(0)
    current = successor
  }

  for (const load of [busy, thinking]) {
    const { failed, failures, reconnects } = await load.stop()
    expect(failed, describeFailures(failures)).toBe(0)
    expect(reconnects).toBeGreaterThan(0)
    // Clients that think may be away for a whole takeover; the others meet every one.
    if (load === busy) expect(reconnects).toBeGreaterThanOrEqual((takeovers - 1) * 16)
  }
  process.kill(current.pid, 'SIGTERM')
  await waitFor(() => reports(service.stdout).length === takeovers + 1)
})
