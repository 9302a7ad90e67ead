import { OwnedFd } from '@shellflip/fd-passing'
import { type OptionTypes, optionFault, show } from '@shellflip/internal'
import { SdNotifyError } from './errors.ts'

export function invalid(message: string): SdNotifyError {
  return new SdNotifyError('ERR_INVALID_ARGUMENT', message)
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
