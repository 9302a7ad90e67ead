import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const name = 'TEST_RUN'

/** Lets nothing outlive a test run that is killed (vitest's globalSetup). */
export default function keepRun() {
  const { [name]: _, ...env } = process.env
  process.env[name] = randomUUID()
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('end-run.mjs', import.meta.url)), `${name}=${process.env[name]}`],
    { detached: true, env, stdio: ['pipe', 'ignore', 'inherit'] },
  )
  keeper.unref()
  return () => keeper.stdin.end('over')
}
