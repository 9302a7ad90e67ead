import { escapeUnprintable, oneLine } from '@shellflip/internal'
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERNAL_ERROR } from './exit-status.ts'
import { ProcrollError } from './procroll-error.ts'
import { surviveClosedStdout } from './terminal/closed-stdout.ts'
import { version } from './version.ts'

/** Runs a command line and returns the exit status. Whatever fails is one line on stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  // Answered before anything is loaded: service managers and scripts ask it often.
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`procroll ${version}\n`)
    return EXIT_DONE
  }
  // `run` prints on stdout only its help: the rest of stdout belongs to the service.
  if (argv[0] !== 'run') surviveClosedStdout()
  try {
    const { runProgram } = await import('./program.ts')
    return await runProgram(argv)
  } catch (error) {
    await report(describe(error, argv.includes('--debug')), argv)
    return exitCodeOf(error)
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ProcrollError) return error.exitCode
  return isFault(error) ? EXIT_INTERNAL_ERROR : EXIT_FAILED
}

/** The system and the libraries below give their errors a code. One without a code is a fault of procroll. */
function isFault(error: unknown): boolean {
  return !(error instanceof Error && 'code' in error)
}

async function report(message: string, argv: readonly string[]): Promise<void> {
  try {
    const { printError } = await import('./log/print-error.ts')
    printError(message, argv)
  } catch {
    // The native addon is missing, which is what the message says.
    process.stderr.write(`procroll: ${message}\n`)
  }
}

/**
 * Errors of the libraries below say what to do as well. Only an error in procroll itself needs a stack. A message may
 * quote names and reasons that others wrote, so it is escaped.
 */
function describe(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return oneLine(String(error))
  if (isFault(error) && debug && error.stack !== undefined) {
    return error.stack.split('\n').map(escapeUnprintable).join('\n')
  }
  return oneLine(error.message)
}
