import { version } from './version.ts'

/** Runs a command line, and returns the exit status: 1 for a failure, 2 for a wrong command line. */
export async function main(argv: readonly string[]): Promise<number> {
  // This answers before anything is loaded, because service managers and scripts often request the version.
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`shellflip ${version}\n`)
    return 0
  }
  // A closed reader (`| head`) does not change the result, which the exit status reports.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const { runProgram } = await import('./program.ts')
  return runProgram(argv)
}
