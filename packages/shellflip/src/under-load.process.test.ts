import { fileURLToPath } from 'node:url'
import { ask } from '@shellflip/control-socket'
import {
  describeFailures,
  isAlive,
  LoadClient,
  TestProcess,
  temporaryFolder,
  waitFor,
} from '@shellflip/testing'
import { shellflipProtocol } from '@shellflip/upgrader/rust'
import { expect, test } from 'vitest'

const service = fileURLToPath(new URL('testing/loaded-service.mjs', import.meta.url))
const upgrades = 100

test.for([
  { kept: 'moved', moveConnections: true },
  { kept: 'ended by Connection: close', moveConnections: false },
])(
  `no request fails over ${upgrades} upgrades, kept connections $kept`,
  { timeout: 180_000 },
  async ({ moveConnections }) => {
    using folder = temporaryFolder('shellflip-')
    const controlSocket = folder.join('run/restart.sock')
    await using first = TestProcess.node([service], {
      env: { CONTROL_SOCKET: controlSocket, MOVE_CONNECTIONS: String(moveConnections) },
    })
    const [, firstPid, port] = await first.printed(/(\d+) serves at (\d+)/)
    let pid = Number(firstPid)
    try {
      const pids = new Set<string>()
      await using load = LoadClient.start({
        target: { port: Number(port) },
        keepAlive: 8,
        newConnections: 4,
        onAnswer: ({ body }) => pids.add(body.trim()),
      })
      for (let n = 0; n < upgrades; n++) {
        const reply = await ask({
          path: controlSocket,
          protocol: shellflipProtocol,
          request: { Request: 'TryRestart' },
        })
        expect(reply).toEqual({ Response: { RestartComplete: expect.any(Number) } })
        pid = (reply.Response as { RestartComplete: number }).RestartComplete
      }
      await waitFor(() => pids.has(String(pid)), { what: 'an answer of the last generation' })
      const report = await load.stop()
      expect(describeFailures(report.failures)).toBe('')
      expect(report.failed).toBe(0)
      expect(report.ok).toBeGreaterThan(upgrades)
      if (moveConnections) expect(report.reconnects).toBe(0)
      else expect(report.reconnects).toBeGreaterThan(upgrades)
      expect(pids.size).toBeGreaterThan(upgrades / 2)
    } finally {
      process.kill(pid, 'SIGTERM')
      await waitFor(() => !isAlive(pid), { what: 'the end of the last generation' })
    }
  },
)
