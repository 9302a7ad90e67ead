import { OwnedFd } from '@shellflip/fd-passing'
import { type OptionTypes, optionFault, show } from '@shellflip/internal'
import { SdNotifyError } from './errors.ts'

export function invalid(message: string): SdNotifyError {
  return new SdNotifyError('ERR_INVALID_ARGUMENT', message)
}

/** Looks at what is used, and not at the class: two copies of this package have two of them. */
export function checkNotifier(notifier: unknown): void {
  const { ping, hasManager } = Object(notifier) as { ping?: unknown; hasManager?: unknown }
  if (typeof ping === 'function' && typeof hasManager === 'boolean') return
  throw invalid(`notifier must be a Notifier, not ${show(notifier)}`)
}

export function checkOptions(what: string, options: object, types: OptionTypes): void {
  const fault = optionFault(what, options, types)
  if (fault !== undefined) throw invalid(fault)
}

/** A number in place of an OwnedFd would store another descriptor, or none. */
export function checkFds(fds: unknown): void {
  if (!Array.isArray(fds)) throw invalid(`fds must be an array of OwnedFd, not ${show(fds)}`)
  for (let index = 0; index < fds.length; index++) {
    if (!(fds[index] instanceof OwnedFd))
      throw invalid(`fds[${index}] must be an OwnedFd of @shellflip/fd-passing, not ${show(fds[index])}`)
    if (fds[index].closed) throw invalid(`fds[${index}] is closed`)
  }
}

/** Zero and negative numbers mean groups of processes to the system. */
export function checkPid(name: string, pid: unknown): void {
  if (Number.isInteger(pid) && Number(pid) > 0 && Number(pid) < 2 ** 31) return
  throw invalid(`${name} must be the id of a process, not ${show(pid)}`)
}

/** Without a name, systemd takes "stored". */
export function checkFdName(name: unknown): void {
  if (typeof name !== 'string') throw invalid(`the name of a stored fd must be text, not ${show(name)}`)
}

/** Passes an object that holds variables through, such as process.env. */
export function checkEnvironment(env: unknown): void {
  checkOptions('the environment', { env: env as object }, { env: 'object' })
}
