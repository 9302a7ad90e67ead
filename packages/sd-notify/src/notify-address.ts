import { SdNotifyError } from './errors.ts'

/** Throws unless an address is one that a process on this machine receives at: `/path` or `@name`. */
export function requireNotifyAddress(address: string): void {
  if (/^[/@]./s.test(address)) return
  throw new SdNotifyError(
    'ERR_UNSUPPORTED_ADDRESS',
    `NOTIFY_SOCKET=${address} is not supported. It must be an absolute path or an abstract @name`,
  )
}
