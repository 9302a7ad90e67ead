import { Socket } from 'node:net'
import { type OwnedFd, pipe } from '@shellflip/fd-passing'
import { SdNotifyError } from './errors.ts'
import { Limit } from './limit.ts'
import type { NotifyOutcome } from './notify-outcome.ts'

/**
 * Sends one end of a pipe and waits until the manager closes it. The manager does so after it has processed all that was
 * sent before. The time runs from the call, and `send` keeps to it too.
 */
export async function passBarrier(
  send: (writer: OwnedFd) => Promise<NotifyOutcome>,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<NotifyOutcome> {
  const late = `the manager did not confirm within ${options.timeoutMs} ms that it has processed everything`
  using limit = new Limit(options.timeoutMs, () => new SdNotifyError('ERR_BARRIER_TIMEOUT', late))
  let reader: OwnedFd
  let writer: OwnedFd
  try {
    ;({ reader, writer } = pipe())
  } catch (cause) {
    return {
      type: 'failed',
      error: new SdNotifyError('ERR_SEND_FAILED', 'cannot create the pipe of the barrier', { cause }),
    }
  }
  const outcome = await send(writer).finally(() => writer.close())
  if (outcome.type !== 'sent') {
    reader.close()
    return outcome
  }
  let stream: Socket
  try {
    stream = new Socket({ fd: reader.fd, readable: true, writable: false })
    reader.release()
  } catch (cause) {
    reader.close()
    return {
      type: 'failed',
      error: new SdNotifyError('ERR_SEND_FAILED', 'cannot watch the pipe of the barrier', { cause }),
    }
  }
  switch (await hangUp(stream, limit.signal, options.signal)) {
    case 'hung-up':
      return outcome
    case 'aborted':
      return {
        type: 'failed',
        error: new SdNotifyError(
          'ERR_NOTIFIER_CLOSED',
          'the notifier was closed before the manager confirmed the barrier',
        ),
      }
    case 'timeout':
      return { type: 'failed', error: limit.signal.reason }
  }
}

function hangUp(
  stream: Socket,
  timeUp: AbortSignal,
  signal: AbortSignal,
): Promise<'hung-up' | 'aborted' | 'timeout'> {
  return new Promise((resolve) => {
    const end = (how: 'hung-up' | 'aborted' | 'timeout') => {
      timeUp.removeEventListener('abort', expire)
      signal.removeEventListener('abort', abort)
      stream.destroy()
      resolve(how)
    }
    const abort = () => end('aborted')
    const expire = () => end('timeout')
    timeUp.addEventListener('abort', expire)
    signal.addEventListener('abort', abort)
    // If an fd cannot be read any more, it does not have a writer either.
    stream.once('error', () => end('hung-up'))
    stream.once('end', () => end('hung-up'))
    stream.resume()
    if (signal.aborted) abort()
    else if (timeUp.aborted) expire()
  })
}
