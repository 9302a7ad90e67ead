import { describeError } from '@shellflip/cli/errors'
import type { SupervisorControlError } from '@shellflip/supervisor-control'

/** Describes an error in one line. Where the library below says what to do, this names the flag of procroll that does it. */
export function explainError(error: unknown, debug: boolean): string {
  // By its name: loading the class would take longer than the rest of a command line that is wrong.
  if (!(error instanceof Error && error.name === 'SupervisorControlError')) return describeError(error, debug)
  return describeError(withFlags(error as SupervisorControlError), debug)
}

function withFlags(error: SupervisorControlError): Error {
  const [name] = error.supervisors
  switch (error.code) {
    case 'ERR_INVALID_NAME':
      return coded(error, `--name: ${error.message}`)
    case 'ERR_RUNTIME_FOLDER':
      return coded(error, `${error.message}, or use --control-socket /run/app/control.sock`)
    case 'ERR_SEVERAL_SUPERVISORS': {
      const running = `${error.supervisors.length} supervisors are running: ${error.supervisors.join(', ')}`
      return coded(error, `${running}. Choose one, for example: --name ${name}`)
    }
    case 'ERR_NAME_IN_USE': {
      if (name === undefined) return error
      const commands = `Roll it (procroll roll --name ${name}), stop it (procroll stop --name ${name})`
      return coded(error, `a supervisor named "${name}" is running. ${commands}, or choose another --name`)
    }
    default:
      return error
  }
}

function coded({ code }: SupervisorControlError, message: string): Error {
  return Object.assign(new Error(message), { code })
}
