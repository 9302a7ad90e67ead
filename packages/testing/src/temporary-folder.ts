import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of the test's own, gone with its scope: `using folder = temporaryFolder()`. */
export function temporaryFolder(
  prefix = 'test-',
): { path: string; join: (...names: string[]) => string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), prefix))
  return {
    path,
    join: (...names) => join(path, ...names),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}
