import { EXIT_DONE, EXIT_FAILED, EXIT_INTERNAL_ERROR } from './exit-status.ts'
import { ProcrollError } from './procroll-error.ts'
import { surviveClosedStdout } from './terminal/closed-stdout.ts'
import { version } from './version.ts'

/** Runs a command line and returns the exit status. Whatever fails is one line on stderr. */
export async function main(argv: readonly string[]): Promise<number> {
  // Prints the version before it loads anything, because service managers and scripts request it often.
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
    return await fail(error, argv)
  }
}

/** Loads its modules only now: few command lines fail, and `--version` is requested often. */
async function fail(error: unknown, argv: readonly string[]): Promise<number> {
  const { describeError, isFault } = await import('./log/describe-error.ts')
  await report(describeError(error, argv.includes('--debug')), argv)
  if (error instanceof ProcrollError) return error.exitCode
  return isFault(error) ? EXIT_INTERNAL_ERROR : EXIT_FAILED
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
