import { optionFault, show } from '@shellflip/internal'
import type { OrphansEvent } from './events.ts'
import { OrphansError } from './orphans-error.ts'

/** The policies that end the generations of a killed supervisor. */
export type EndingPolicy = 'end' | 'end-first'

/**
 * The policy for the generations of a killed supervisor:
 *
 * - `end`: they serve until the next generation is ready, and end then
 * - `end-first`: they end before the next generation starts
 * - `refuse`: they are listed, and nothing is started
 */
export type OrphanPolicy = EndingPolicy | 'refuse'

const policies: readonly OrphanPolicy[] = ['end', 'end-first', 'refuse']

/** The parts of error messages that depend on the program. */
export type ProgramTexts = {
  /** The name of the program. The folders of its notify sockets begin with it. */
  program: string
  /** How its user selects another record. */
  otherRecord: string
  /** How its user selects the policy `end`. */
  policyEnd: string
}

export type EndingOptions = {
  /** The signal that stops a generation. */
  stopSignal: NodeJS.Signals | number
  /** How long a generation may take to end, in milliseconds. Then SIGKILL follows. */
  drainTimeoutMs: number
  /** Cuts the waiting short: SIGKILL at once. */
  hurry?: AbortSignal
}

export type OrphansOptions = Partial<EndingOptions> & {
  /** The path of the record, in a folder that only this user can write. Without it nothing is recorded, and nothing is found. */
  record?: string
  /** @default 'end' */
  policy?: OrphanPolicy
  /** The parts of error messages that depend on the program. @default those of a program called `supervisor` */
  texts?: Partial<ProgramTexts>
  onEvent?: (event: OrphansEvent) => void
}

/** The options with their defaults. */
export type Settings = {
  record: string | undefined
  policy: OrphanPolicy
  texts: ProgramTexts
  ending: EndingOptions
  onEvent: OrphansOptions['onEvent']
}

const defaultTexts: ProgramTexts = {
  program: 'supervisor',
  otherRecord: 'use another record',
  policyEnd: "set the policy 'end'",
}

const types = {
  record: 'string',
  policy: 'any',
  stopSignal: 'any',
  drainTimeoutMs: 'milliseconds',
  hurry: 'AbortSignal',
  texts: 'object',
  onEvent: 'function',
} as const satisfies Record<keyof OrphansOptions, string>

const textTypes = { program: 'string', otherRecord: 'string', policyEnd: 'string' } as const

function textsOf(given: Partial<ProgramTexts> = {}): ProgramTexts {
  const fault = optionFault('texts of Orphans.find()', given, textTypes)
  if (fault !== undefined) throw new OrphansError('ERR_INVALID_ARGUMENT', fault)
  const {
    program = defaultTexts.program,
    otherRecord = defaultTexts.otherRecord,
    policyEnd = defaultTexts.policyEnd,
  } = given
  return { program, otherRecord, policyEnd }
}

/** @throws {OrphansError} ERR_INVALID_ARGUMENT */
export function settingsOf(options: OrphansOptions): Settings {
  const fault = optionFault('Orphans.find()', options, types)
  if (fault !== undefined) throw new OrphansError('ERR_INVALID_ARGUMENT', fault)
  const {
    record,
    policy = 'end',
    stopSignal = 'SIGTERM',
    drainTimeoutMs = 60_000,
    hurry,
    texts,
    onEvent,
  } = options
  if (!policies.includes(policy)) {
    const message = `policy must be 'end', 'end-first' or 'refuse', not ${show(policy)}.`
    throw new OrphansError('ERR_INVALID_ARGUMENT', message)
  }
  const ending = { stopSignal, drainTimeoutMs, ...(hurry === undefined ? {} : { hurry }) }
  return { record, policy, texts: textsOf(texts), ending, onEvent }
}
