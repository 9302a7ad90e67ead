export const EXIT_DONE = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2
export const EXIT_NO_SUPERVISOR = 3
export const EXIT_TIMED_OUT = 4
export const EXIT_GAVE_UP = 5
/** EX_SOFTWARE of sysexits.h. */
export const EXIT_INTERNAL_ERROR = 70

/** The errors with an exit status of their own, by their class and code. */
const statuses: Readonly<Record<string, number>> = {
  'UsageError ERR_USAGE': EXIT_USAGE,
  'ProcrollError ERR_ROLL_TIMED_OUT': EXIT_TIMED_OUT,
  'SupervisorControlError ERR_NO_SUPERVISOR': EXIT_NO_SUPERVISOR,
  'SupervisorControlError ERR_SEVERAL_SUPERVISORS': EXIT_USAGE,
  'SupervisorControlError ERR_INVALID_NAME': EXIT_USAGE,
  'SupervisorControlError ERR_SUPERVISOR_PATH_TOO_LONG': EXIT_USAGE,
}

/** Returns the exit status of a command that failed. An error without a code is a fault of procroll itself. */
export function exitStatusOf(error: unknown): number {
  if (!(error instanceof Error && 'code' in error)) return EXIT_INTERNAL_ERROR
  return statuses[`${error.name} ${error.code}`] ?? EXIT_FAILED
}

/** Each exit status with its meaning. Help, manual pages and README show the same list. */
export const exitStatuses: readonly { status: number; meaning: string }[] = [
  { status: EXIT_DONE, meaning: 'The command succeeded, or the service was stopped.' },
  {
    status: EXIT_FAILED,
    meaning:
      'The roll failed, the service could not be started, a generation could not be killed, or a generation of a killed procroll still runs.',
  },
  { status: EXIT_USAGE, meaning: 'The command line is wrong. Nothing was started.' },
  { status: EXIT_NO_SUPERVISOR, meaning: 'No supervisor is running under this name or control socket.' },
  { status: EXIT_TIMED_OUT, meaning: 'The --timeout of the caller passed. The roll continues.' },
  { status: EXIT_GAVE_UP, meaning: 'The service failed too often, and procroll gave up restarting it.' },
  { status: EXIT_INTERNAL_ERROR, meaning: 'procroll itself has a fault.' },
]

/** `procroll run` exits with the status of the service, where the restart policy does not apply. */
export const otherStatus =
  'Any other status is the status of the service: its exit code, or 128 plus the number of the signal that killed it.'
