import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { writeNow } from '@shellflip/fd-passing'
import { type DescribeDropped, LogOutput, type WriteNow } from './log-output.ts'

const STDERR = 2

let output: LogOutput | undefined

/**
 * Returns the one output to stderr of a program that must not wait. process.stderr would wait for the reader of a pipe, and the program with
 * it. A worker that waits instead could not be ended at the exit, and its last lines would be lost.
 *
 * @param describeDropped the first caller decides
 */
export function standardError(describeDropped: DescribeDropped): LogOutput {
  if (output === undefined) {
    const opened = new LogOutput(writerOf(STDERR), describeDropped)
    process.on('exit', () => opened.flush())
    output = opened
  }
  return output
}

function writerOf(fd: number): WriteNow {
  const stats = fstatSync(fd)
  // A file does not need a reader. A disk takes its own time.
  if (stats.isFile()) return (data) => writeSync(fd, data)
  const own = stats.isFIFO() || isatty(fd) ? (openAgain(fd) ?? fd) : fd
  return (data) => writeNow(own, data)
}

/**
 * Opens a pipe or a terminal again. O_NONBLOCK on the inherited description would hit the generations too, which share it.
 * Without /proc, or for a pipe of another user (EACCES), the inherited one must do: see writeNow().
 */
function openAgain(fd: number): number | undefined {
  const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_APPEND | O_NOCTTY)
  } catch {
    return undefined
  }
}
