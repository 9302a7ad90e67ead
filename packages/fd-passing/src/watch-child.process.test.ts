import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { processState, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { program } from './testing/program.ts'
import { watchChild } from './watch-child.ts'

/** Traces a process until it is ended itself, and waits for nothing: as a debugger that stands at a breakpoint. */
const tracer = `
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/ptrace.h>
  #include <unistd.h>
  int main(int argc, char **argv) {
    if (argc != 2) return 2;
    puts(ptrace(PTRACE_SEIZE, atoi(argv[1]), 0, 0) == 0 ? "attached" : "refused");
    fflush(stdout);
    pause();
  }`

function compileTracer(folder: ReturnType<typeof temporaryFolder>): string {
  const path = folder.join('tracer')
  writeFileSync(`${path}.c`, tracer)
  execFileSync(process.env.CC ?? 'cc', ['-o', path, `${path}.c`])
  return path
}

describe.runIf(process.platform === 'linux')('the watch of a child', () => {
  it('looks on where the child has ended and the look finds nothing yet', async () => {
    const child = spawn('true')
    let looks = 0
    await new Promise<void>((resolve) => {
      watchChild(child.pid as number, () => {
        if (++looks < 3) return false
        resolve()
        return true
      })
    })
    expect(looks).toBe(3)
    if (child.exitCode === null) await once(child, 'exit')
  })

  it('reports an exit that a debugger held back', async (context) => {
    await using spawner = program(`
      const { pid } = fdPassing.spawnProcess({ file: '/bin/sleep', args: ['1000'], env: [] }, (exit) =>
        console.log('exit', JSON.stringify(exit)))
      process.on('exit', () => console.log('over'))
      console.log('pid', pid)
      // A turn of the event loop, asked for once the child has ended.
      process.on('SIGUSR2', () => setTimeout(() => console.log('turned'), 50))
    `)
    const [, text] = await spawner.printed(/^pid (\d+)\n/)
    const pid = Number(text)
    using folder = temporaryFolder()
    await using tracer = TestProcess.start(compileTracer(folder), [String(pid)])
    const [, refused] = await tracer.printed(/^attached|^(refused)/)
    if (refused !== undefined)
      return context.skip('this system lets nobody here trace a process (ptrace_scope)')
    process.kill(pid, 'SIGKILL')
    await waitFor(() => processState(pid) === 'Z')
    spawner.kill('SIGUSR2')
    await spawner.printed(/turned/)
    expect(spawner.stdout).not.toContain('exit')
    tracer.kill()
    await spawner.printed(/^exit {"code":null,"signal":"SIGKILL"}\nover\n/m)
  })
})
