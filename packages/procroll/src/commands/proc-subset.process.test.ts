import { isAlive, waitFor } from '@shellflip/testing'
import { it } from 'vitest'
import { ProcrollSandbox } from '../testing/procroll-sandbox.ts'

/** As ProcSubset=pid of systemd.exec(5) makes it: it shows processes, and nothing else. */
const under = ['unshare', '-m', 'sh', '-c', 'mount -t proc -o subset=pid proc /proc && exec "$@"', 'sh']

it.runIf(process.platform === 'linux' && process.geteuid?.() === 0).each([
  ['before and after', { under }, { under }],
  ['only before', { under }, {}],
  ['only after', {}, { under }],
])('an orphan is found with a /proc of processes only: %s', async (_when, before, after) => {
  await using sandbox = new ProcrollSandbox()
  const killed = await sandbox.serve(['--name', 'api'], [], before)
  const [, orphan] = await killed.printed(/msg="generation started" generation=1 pid=(\d+)/)
  killed.kill('SIGKILL')
  await waitFor(() => !isAlive(killed.pid))
  await sandbox.serve(['--name', 'api'], [], after)
  await waitFor(() => !isAlive(Number(orphan)))
})
