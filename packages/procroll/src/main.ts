import { surviveClosedStdout } from '@shellflip/cli/process'
import { EXIT_DONE, exitStatusOf } from './exit-status.ts'
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
    await report(error, argv)
    return exitStatusOf(error)
  }
}

/** Loads its modules only now: few command lines fail, and `--version` is requested often. */
async function report(error: unknown, argv: readonly string[]): Promise<void> {
  const { explainError } = await import('./log/explain-error.ts')
  const message = explainError(error, argv.includes('--debug'))
  try {
    const { printError } = await import('./log/print-error.ts')
    printError(message, argv)
  } catch {
    // The native addon is missing, which is what the message says.
    process.stderr.write(`procroll: ${message}\n`)
  }
}
