import { CodedError } from '@shellflip/internal'

/**
 * Tells what went wrong. Each code is stable across versions:
 *
 * - `ERR_NO_FD_STORE`: the service manager keeps no descriptors for this process, or too few. Set `FileDescriptorStoreMax=` in the unit.
 */
export type FdStoreErrorCode = 'ERR_NO_FD_STORE'

/** Represents every failure of this package. The message says what to do next. */
export class FdStoreError extends CodedError<FdStoreErrorCode> {
  override readonly name = 'FdStoreError'
}
