import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './temporary-folder.ts'
import { TestProcess } from './test-process.ts'

/**
 * Runs the first `ts` block of the README of the package that a test stands in (`import.meta.url`), as a
 * program in that package's folder, against the build; returns what it printed, throws if it failed.
 */
export async function runReadmeExample(testUrl: string): Promise<string> {
  const packageFolder = fileURLToPath(new URL('..', testUrl))
  const example = /```ts\n(.*?)```/s.exec(readFileSync(`${packageFolder}/README.md`, 'utf8'))?.[1]
  if (example === undefined) throw new Error(`${packageFolder}/README.md shows no example in a ts block`)
  const program = `${packageFolder}/.readme-example-${process.pid}.mjs`
  writeFileSync(program, example)
  // Examples do not clean up: that would be longer than what they show.
  using folder = temporaryFolder()
  try {
    await using run = TestProcess.node([program], { cwd: packageFolder, env: { TMPDIR: folder.path } })
    const { code, signal } = await run.exit
    if (code !== 0) throw new Error(`the example ended with ${code ?? signal}:\n${run.stderr}`)
    return run.stdout
  } finally {
    rmSync(program, { force: true })
  }
}
