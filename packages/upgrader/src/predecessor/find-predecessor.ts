import { emptyStore } from '@shellflip/fd-store'
import { HandoverChannel } from '@shellflip/handover'
import { handoverVariable } from '@shellflip/launcher'
import type { Notifier } from '@shellflip/sd-notify'
import type { FlipEvent } from '../flip-events.ts'
import type { NormalizedOptions } from '../flip-options.ts'
import { RustPredecessor } from '../rust/rust-predecessor.ts'
import { ShellflipError } from '../shellflip-error.ts'
import { NoPredecessor } from './no-predecessor.ts'
import { NodePredecessor } from './node-predecessor.ts'
import type { Predecessor } from './predecessor.ts'

/** The first descriptor after stdin, stdout and stderr. */
const firstFd = 3

/** The variables of sd_listen_fds(3). A successor gets its sockets by the channel, so these can only be another process's, or forged. */
const listenVariables = ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const

/**
 * Finds the predecessor of this process.
 *
 * @throws {ShellflipError} ERR_HANDOVER_ENVIRONMENT
 * @throws {HandoverError} as {@link takeOver}
 */
export async function findPredecessor(
  options: NormalizedOptions,
  emit: (event: FlipEvent) => void,
  notifier: Notifier,
): Promise<Predecessor> {
  const { [handoverVariable]: told } = process.env
  delete process.env[handoverVariable]
  if (told === undefined) {
    return (
      RustPredecessor.fromEnvironment(process.env, options.fromRust) ?? noPredecessor(options, emit, notifier)
    )
  }
  for (const name of listenVariables) delete process.env[name]
  return NodePredecessor.open(adoptChannel(told), options.state, options.readyTimeoutMs)
}

/** Reports to a predecessor that this process cannot take over, before this process has opened the handover. */
export function refuseHandover(reason: string, env: NodeJS.ProcessEnv = process.env): void {
  const { [handoverVariable]: told } = env
  if (told === undefined) return
  delete env[handoverVariable]
  try {
    adoptChannel(told).refuse(reason)
  } catch {
    // A fault of the channel is not the first mistake, and so it is not the one to report.
  }
}

function noPredecessor(
  { handover, fromRust }: NormalizedOptions,
  emit: (event: FlipEvent) => void,
  notifier: Notifier,
): NoPredecessor {
  const onStateDiscarded = (error: unknown) => emit({ type: 'state-discarded', error })
  if (handover === 'fd-store') return new NoPredecessor(onStateDiscarded, undefined, fromRust)
  const empty = async (keys: Iterable<string>) => {
    const outcome = await emptyStore(notifier, keys)
    if (outcome.type === 'failed') emit({ type: 'manager-not-told', error: outcome.error })
  }
  return new NoPredecessor(onStateDiscarded, empty, fromRust)
}

function adoptChannel(told: string): HandoverChannel {
  try {
    if (!/^\d{1,6}$/.test(told)) throw new Error('it is not a number')
    // systemd may also pass a stream socket to a service as its output.
    if (Number(told) < firstFd) throw new Error('it is a standard stream')
    return HandoverChannel.adopt(Number(told))
  } catch (cause) {
    throw new ShellflipError(
      'ERR_HANDOVER_ENVIRONMENT',
      `${handoverVariable}=${told} does not name a handover channel (${(cause as Error).message}). ` +
        'The predecessor sets it for its successor. Do not set it by hand',
      { cause },
    )
  }
}
