import { Option } from 'commander'
import { formatDuration, parseDuration } from '../arguments/go-duration.ts'
import { ProcrollError, usageError } from '../procroll-error.ts'

type Parse<T> = (text: string) => T

/** Makes a flag with a value. A value that is refused is refused under the flag's name. */
export function flag<T>(spelling: string, description: string, parse: Parse<T>): Option {
  return new Option(spelling, description).argParser(named(spelling, parse))
}

/** Makes a flag that may be given several times. */
export function repeatable<T>(spelling: string, description: string, parse: Parse<T>): Option {
  const parseOne = named(spelling, parse)
  return new Option(spelling, description)
    .argParser((text, former: T[]) => [...former, parseOne(text)])
    .default([], 'none')
}

export function choice(spelling: string, description: string, choices: [string, ...string[]]): Option {
  return new Option(spelling, description).choices(choices).default(choices[0])
}

/** Makes a flag whose value is a duration as Go writes it. */
export function duration(spelling: string, description: string, defaultMs?: number): Option {
  const mayBeZero = spelling.startsWith('--shutdown-timeout')
  const option = flag(spelling, description, (text) => {
    const milliseconds = Math.ceil(parseDuration(text))
    if (milliseconds === 0 && !mayBeZero) throw usageError(`"${text}" must be greater than 0. Example: 10s`)
    return milliseconds
  })
  return defaultMs === undefined ? option : option.default(defaultMs, formatDuration(defaultMs))
}

export function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw usageError(`"${text}" is not a number from 1 to 9999. Example: 3`)
}

function named<T>(spelling: string, parse: Parse<T>): Parse<T> {
  const [name] = spelling.split(' ')
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof ProcrollError)) throw error
      throw usageError(`${name}: ${error.message}`, { cause: error })
    }
  }
}
