import { escapeUnprintable, oneLine } from '@shellflip/internal/printable'
import { EXIT_DONE, EXIT_FAILED } from './exit-status.ts'
import { ProcrollError } from './procroll-error.ts'
import { version } from './version.ts'

/** Runs a command line, and returns the exit status. Whatever goes wrong is one line on stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  // Answered before anything is loaded: service managers and scripts ask it often.
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`procroll ${version}\n`)
    return EXIT_DONE
  }
  surviveClosedPipes()
  try {
    const { runProgram } = await import('./program.ts')
    return await runProgram(argv)
  } catch (error) {
    process.stderr.write(`procroll: ${describe(error, argv.includes('--debug'))}\n`)
    return error instanceof ProcrollError ? error.exitCode : EXIT_FAILED
  }
}

/** `procroll status | head`: who has read enough closes the pipe, and that is no error. */
function surviveClosedPipes(): void {
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(EXIT_DONE)
  })
  process.stderr.on('error', () => {})
}

/**
 * Errors of the libraries below say what to do as well. Only an error in procroll itself needs a stack. A message may
 * quote names and reasons that others wrote, so it is escaped.
 */
function describe(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return oneLine(String(error))
  const isFault = !('code' in error)
  if (isFault && debug && error.stack !== undefined) {
    return error.stack.split('\n').map(escapeUnprintable).join('\n')
  }
  return oneLine(error.message)
}
