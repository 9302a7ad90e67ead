import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  compileScriptedProcess,
  isAlive,
  processesWith,
  processState,
  TestProcess,
  temporaryFolder,
  waitFor,
} from './index.ts'

// So stands for a moment each process that ends with its threads: what it has open is still open then.
test.runIf(process.platform === 'linux')('a process without its main thread is one', async () => {
  using folder = temporaryFolder()
  const mark = `MARK=${folder.path}\0`
  await using run = TestProcess.start(
    compileScriptedProcess(folder.path),
    ['await', folder.join('go'), 'thread'],
    { env: { MARK: folder.path } },
  )
  await waitFor(() => processesWith(mark).length === 1)
  writeFileSync(folder.join('go'), '')
  await waitFor(() => processState(run.pid) === 'Z')
  expect(isAlive(run.pid)).toBe(true)
  expect(processesWith(mark)).toEqual([run.pid])
  run.kill('SIGKILL')
  await run.exit
  expect(isAlive(run.pid)).toBe(false)
  expect(processesWith(mark)).toEqual([])
})

test.runIf(process.platform === 'linux')('a zombie is none', async () => {
  // Stopped, it reaps nobody.
  await using shell = TestProcess.start('sh', ['-c', 'sleep 1000 & echo $!; kill -STOP $$; wait'])
  const zombie = Number((await shell.printed(/(\d+)\n/))[1])
  await waitFor(() => processState(shell.pid) === 'T')
  process.kill(zombie, 'SIGKILL')
  await waitFor(() => processState(zombie) === 'Z')
  expect(isAlive(zombie)).toBe(false)
})
