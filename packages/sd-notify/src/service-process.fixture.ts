import { fileURLToPath } from 'node:url'
import { TestProcess, type TestProcessOptions } from '@shellflip/testing'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

/** A service of its own process that runs this code against the build, as a user's would. */
export function startService(code: string, options: TestProcessOptions = {}): TestProcess {
  return TestProcess.node(['--input-type=module', '--eval', code], { cwd: packageFolder, ...options })
}
