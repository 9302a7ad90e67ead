import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const name = 'TEST_RUN'

/**
 * Lets no process outlive a test run (vitest's globalSetup). A test that fails may leave one, and so does a run that is killed. In CI a run
 * that ends by itself leaves them, because CI reports each of them.
 */
export default function keepRun() {
  const { [name]: _, ...env } = process.env
  process.env[name] = randomUUID()
  const keeper = spawn(
    process.execPath,
    [fileURLToPath(new URL('end-run.mjs', import.meta.url)), `${name}=${process.env[name]}`],
    { detached: true, env, stdio: ['pipe', 'ignore', 'inherit'] },
  )
  keeper.unref()
  return () => keeper.stdin.end(env.CI_ENCLOSURE === undefined ? '' : 'over')
}
