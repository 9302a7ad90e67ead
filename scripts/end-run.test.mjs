import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('end-run.mjs', import.meta.url))

/** Returns how a process of a run ends when the keeper of the run reads this. */
async function endOf(said) {
  const value = randomUUID()
  const child = spawn('sleep', ['60'], { env: { ...process.env, MARK: value }, detached: true })
  const exit = once(child, 'exit')
  const keeper = spawn(process.execPath, [script, `MARK=${value}`], { stdio: ['pipe', 'ignore', 'inherit'] })
  keeper.stdin.end(said)
  await once(keeper, 'exit')
  // The first signal counts: this one changes nothing for a process that the keeper has killed.
  child.kill('SIGTERM')
  const [, signal] = await exit
  return signal
}

test.runIf(process.platform === 'linux')('a test run leaves no process', async () => {
  expect(await endOf('')).toBe('SIGKILL')
})

test('a test run that CI checks keeps its processes for the check', async () => {
  expect(await endOf('over')).toBe('SIGTERM')
})
