import { Socket } from 'node:net'
import { type OwnedFd, pipe } from '@shellflip/fd-passing'
import { SdNotifyError } from './errors.ts'
import type { NotifyOutcome } from './notify-outcome.ts'

/**
 * Sends the one end of a pipe and waits until the manager has closed it, which it does in its turn: after all that
 * was sent before.
 */
export async function passBarrier(
  send: (writer: OwnedFd) => Promise<NotifyOutcome>,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<NotifyOutcome> {
  let reader: OwnedFd
  let writer: OwnedFd
  try {
    ;({ reader, writer } = pipe())
  } catch (cause) {
    return {
      type: 'failed',
      error: new SdNotifyError('ERR_SEND_FAILED', 'no pipe for the barrier', { cause }),
    }
  }
  const outcome = await send(writer).finally(() => writer.close())
  if (outcome.type !== 'sent') {
    reader.close()
    return outcome
  }
  switch (await hangUp(reader, options)) {
    case 'hung-up':
      return outcome
    case 'aborted':
      return {
        type: 'failed',
        error: new SdNotifyError('ERR_CLOSED', 'the notifier was closed before the barrier was passed'),
      }
    case 'timeout':
      return {
        type: 'failed',
        error: new SdNotifyError(
          'ERR_BARRIER_TIMEOUT',
          `the manager did not say within ${options.timeoutMs} ms that it has processed everything`,
        ),
      }
  }
}

function hangUp(
  reader: OwnedFd,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<'hung-up' | 'aborted' | 'timeout'> {
  return new Promise((resolve) => {
    const stream = new Socket({ fd: reader.release(), readable: true, writable: false })
    const end = (how: 'hung-up' | 'aborted' | 'timeout') => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      stream.destroy()
      resolve(how)
    }
    const abort = () => end('aborted')
    const timer = setTimeout(end, timeoutMs, 'timeout')
    signal.addEventListener('abort', abort)
    // An fd that cannot be read any more has no writer either.
    stream.once('error', () => end('hung-up'))
    stream.once('end', () => end('hung-up'))
    stream.resume()
    if (signal.aborted) abort()
  })
}
