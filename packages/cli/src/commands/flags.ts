import { Option } from 'commander'
import { usageError } from '../errors/usage-error.ts'
import { formatDuration, parseDuration } from '../go/duration.ts'

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

type DurationLimits = {
  defaultMs?: number
  /** Whether `0` is a duration too. @default false */
  mayBeZero?: boolean
}

/** Makes a flag whose value is a duration as Go writes it. Its value is in whole milliseconds. */
export function duration(
  spelling: string,
  description: string,
  { defaultMs, mayBeZero = false }: DurationLimits = {},
): Option {
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

/** An error with a code explains a wrong value. Every other error is a fault of the program. */
function named<T>(spelling: string, parse: Parse<T>): Parse<T> {
  const [name] = spelling.split(' ')
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
      throw usageError(`${name}: ${error.message}`, { cause: error })
    }
  }
}
