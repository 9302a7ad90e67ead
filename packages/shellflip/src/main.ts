import { version } from './version.ts'

/** Runs a command line, and returns the exit status: 1 for what failed, 2 for a wrong command line. */
export async function main(argv: readonly string[]): Promise<number> {
  // Answered before anything is loaded: service managers and scripts ask it often.
  if (argv[0] === '--version' || argv[0] === '-V') {
    process.stdout.write(`shellflip ${version}\n`)
    return 0
  }
  // A reader that is gone (`| head`) changes nothing of what has happened, which the exit status tells.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const { runProgram } = await import('./program.ts')
  return runProgram(argv)
}
