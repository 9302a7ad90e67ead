import { formatText } from '@shellflip/cli/log'
import { expect, it } from 'vitest'
import { describeEvent } from './supervisor-events.ts'

it.each<[Parameters<typeof describeEvent>[0], string]>([
  [
    { type: 'generation-ready', generation: 3, pid: 812, elapsedMs: 412 },
    'level=INFO msg="generation ready" generation=3 pid=812 elapsed=412ms',
  ],
  [
    {
      type: 'generation-failed',
      generation: 3,
      elapsedMs: 5,
      failure: { type: 'exited', beforeReady: true, code: 3, signal: null },
    },
    'level=ERROR msg="generation failed" generation=3 reason="exited with 3 before ready"',
  ],
  [
    { type: 'generation-signalled', generation: 2, signal: 'SIGTERM', killAfterMs: 60_000 },
    'level=INFO msg="stopping generation" generation=2 signal=SIGTERM kill_after=1m0s',
  ],
  [
    { type: 'generation-killed', generation: 2, reason: 'overdue' },
    'level=WARN msg="killing generation" generation=2 reason="the drain timeout passed"',
  ],
  [
    { type: 'generation-status', generation: 2, text: 'a\nb' },
    'level=DEBUG msg="generation status" generation=2 status="a\\nb"',
  ],
  [
    { type: 'generation-exited', generation: 2, exit: { code: null, signal: 'SIGKILL' } },
    'level=INFO msg="generation exited" generation=2 signal=SIGKILL',
  ],
  [
    { type: 'roll-ended', outcome: { type: 'rolled', generation: 4, pid: 812, elapsedMs: 412 } },
    'level=INFO msg="rolled: generation 4 ready (pid 812) in 412 ms"',
  ],
  [
    { type: 'ended', exit: { type: 'ended', exitCode: 3, reason: 'generation 1 exited with 3' } },
    'level=ERROR msg="generation 1 exited with 3" exit_code=3',
  ],
])('%j', (event, line) => {
  const { level, message, fields = {} } = describeEvent(event)
  expect(formatText({ time: new Date(), level, message, fields }).replace(/^time=\S+ /, '')).toBe(line)
})
