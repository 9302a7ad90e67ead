import { constants } from 'node:os'
import { show } from '@shellflip/internal'
import { isWholeNumber } from './check-argument.ts'
import { checked, closedError, invalidArgument } from './error.ts'
import { native } from './native.ts'

/** Shared by an owner and the registry, so that the number is closed by one of them only. */
const forgotten = new FinalizationRegistry<number>((fd) => {
  native.close(fd)
  process.emitWarning(`fd ${fd} was leaked: its OwnedFd was garbage-collected without close() or release()`, {
    code: 'FD_FORGOTTEN',
    detail: 'It is closed now. Close what you own: `using owned = …`, or owned.close().',
  })
})

/** A file descriptor with exactly one owner, who closes it exactly once. */
export class OwnedFd implements Disposable {
  #fd: number

  /**
   * Takes ownership of an open descriptor: nobody else may close it after that. A worker thread closes its descriptors when it ends, by
   * itself or terminated. In a worker, Node also closes the descriptors that `fs.openSync()` opened, and would close the number twice. So
   * pass a {@link dup} of it there.
   *
   * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is not a descriptor number
   * @throws {FdPassingError} ERR_SYSTEM if it is not open (EBADF)
   */
  constructor(fd: number) {
    // A number that is not open yet would soon be another owner's descriptor, and this object would close it.
    const open = native.getCloexec(checkDescriptor(fd))
    if (open === -constants.errno.EBADF) checked(open, 'fcntl')
    checked(native.own(fd), 'own')
    this.#fd = fd
    forgotten.register(this, fd, this)
  }

  /** The number, borrowed: valid until `close()` or `release()`. @throws {FdPassingError} ERR_FD_CLOSED if it was closed or released */
  get fd(): number {
    if (this.#fd === -1) throw closedError('this OwnedFd')
    return this.#fd
  }

  /** Whether the number was closed or given away. */
  get closed(): boolean {
    return this.#fd === -1
  }

  /** A second descriptor of the same open file, CLOEXEC, owned by itself. */
  dup(): OwnedFd {
    return new OwnedFd(checked(native.dup(this.fd), 'dup'))
  }

  /** Gives the number away: the caller owns it now. */
  release(): number {
    const { fd } = this
    this.#forget()
    native.disown(fd)
    return fd
  }

  /**
   * Closes the descriptor. A second call does nothing. Linux closes it even if it reports an error of the file (close(2)). A caller
   * cannot act on that error, so it is not thrown.
   *
   * @throws {FdPassingError} ERR_SYSTEM if other code closed it (EBADF). The next such mistake can close an unrelated file
   */
  close(): void {
    if (this.#fd === -1) return
    const { fd } = this
    this.#forget()
    const result = native.close(fd)
    if (result === -constants.errno.EBADF) checked(result, 'close')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #forget(): void {
    this.#fd = -1
    forgotten.unregister(this)
  }
}

export function checkDescriptor(fd: number): number {
  if (isWholeNumber(fd, 0, 0x7fffffff)) return fd
  const hint = (fd as unknown) instanceof OwnedFd ? '. Pass its fd' : ''
  throw invalidArgument(`${show(fd)} is not a file descriptor${hint}`)
}

/**
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_FD_CLOSED
 */
export function checkOwnedFd(fd: unknown, name = 'fd'): OwnedFd {
  if (fd instanceof OwnedFd) {
    if (fd.closed) throw closedError(`${name}, an OwnedFd,`)
    return fd
  }
  const hint = typeof fd === 'number' ? `. dup(${fd}) makes one of a copy` : ''
  throw invalidArgument(`${name} must be an OwnedFd of this package, not ${show(fd)}${hint}`)
}
