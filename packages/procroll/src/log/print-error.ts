import { formatRecord, type LogFormat, standardError } from '@shellflip/cli/log'

/** Prints an error that ends the command, in the format that its command line selects. */
export function printError(message: string, argv: readonly string[]): void {
  const record = { time: new Date(), level: 'ERROR', message, fields: {} } as const
  const output = standardError((count, reason) => `procroll: ${count} lines were dropped: ${reason}`)
  output.print(requestedFormat(argv) === 'json' ? formatRecord('json')(record) : `procroll: ${message}`)
}

/** The flags of `procroll run` that take no value. */
const SWITCHES = new Set(['--debug', '--help', '-h'])

/** Finds --log-format in a command line that may be wrong. The flags end where the command of the service begins. */
export function requestedFormat([command, ...words]: readonly string[]): LogFormat {
  let format: LogFormat = 'text'
  if (command !== 'run') return format
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ''
    if (word === '--' || !word.startsWith('-')) break
    const [name, value] = word.split(/=(.*)/s, 2)
    const takesNext = value === undefined && !SWITCHES.has(word)
    if (name === '--log-format') format = (value ?? words[index + 1]) === 'json' ? 'json' : 'text'
    if (takesNext) index += 1
  }
  return format
}
