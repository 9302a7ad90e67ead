import { kill } from 'node:process'
import { TestProcess } from '@shellflip/testing'
import { expect, it } from 'vitest'

it.runIf(process.platform === 'linux')(
  'real-time signals do not end the process, and still end its children',
  async () => {
    const module = new URL('../dist/index.js', import.meta.url).href
    const program = `
    import { spawn } from 'node:child_process'
    import { ignoreRealTimeSignals } from '${module}'
    ignoreRealTimeSignals()
    setInterval(() => {}, 60_000)
    const child = spawn('sleep', ['60'])
    child.on('exit', (code, signal) => console.log('child exited', code, signal ?? 'by a signal that Node cannot name'))
    child.on('spawn', () => console.log('child', child.pid))
  `
    await using process = TestProcess.node(['--input-type=module', '-e', program])
    const [, child] = await process.printed(/child (\d+)/)
    for (const signal of [34, 37, 64]) kill(process.pid, signal)
    kill(Number(child), 37)
    await process.printed(/child exited/)
    process.kill('SIGTERM')
    expect(await process.exit).toEqual({ code: null, signal: 'SIGTERM' })
  },
)
