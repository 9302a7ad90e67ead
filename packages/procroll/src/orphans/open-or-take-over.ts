import type { ListenAddress } from '../arguments/listen-address.ts'
import { type OpenListeners, openListeners } from '../launch/open-listeners.ts'
import type { Logger } from '../log/logger.ts'
import { ProcrollError } from '../procroll-error.ts'
import type { RecordedListener } from './generation-record.ts'
import type { LeftBehind } from './left-behind.ts'
import { describe } from './settle-orphans.ts'
import { listenKey, recordListener, type TakenListener, takeOverListener } from './take-over-listener.ts'

/** The sockets of `--listen`, and how the next procroll finds them. */
export type HeldListeners = OpenListeners & { recorded: readonly RecordedListener[] }

/**
 * Opens what `--listen` asks for. Where an orphan listens already, both share its socket, so the orphan serves on. Where
 * that is impossible and the address cannot be shared, the orphan ends first.
 *
 * @throws ProcrollError `ERR_LISTEN`, `ERR_ORPHANS`
 */
export async function openOrTakeOver(
  addresses: readonly ListenAddress[],
  left: LeftBehind,
  logger: Logger,
): Promise<HeldListeners> {
  const taken = takeOver(addresses, left, logger)
  const others = addresses.filter((address) => !taken.has(address))
  try {
    return inOrder(addresses, taken, others, await openOthers(others, left, logger), left)
  } catch (error) {
    for (const socket of taken.values()) socket[Symbol.dispose]()
    throw error
  }
}

type Taken = Map<ListenAddress, TakenListener>

function takeOver(addresses: readonly ListenAddress[], left: LeftBehind, logger: Logger): Taken {
  const taken: Taken = new Map()
  const pids = left.orphans().flatMap(({ members }) => members.map(({ pid }) => pid))
  if (pids.length === 0) return taken
  for (const address of addresses) {
    const recorded = left.takeListener(listenKey(address))
    if (recorded === undefined) continue
    try {
      const socket = takeOverListener(address.name, recorded, pids)
      if (socket !== undefined) taken.set(address, socket)
    } catch (error) {
      const fields = { socket: address.name, error: (error as Error).message }
      logger.log('WARN', 'socket of a killed procroll cannot be taken over', fields)
    }
  }
  return taken
}

async function openOthers(
  addresses: readonly ListenAddress[],
  left: LeftBehind,
  logger: Logger,
): Promise<OpenListeners> {
  try {
    return await openListeners(addresses)
  } catch (error) {
    const orphans = left.orphans()
    if (!(error instanceof ProcrollError) || orphans.length === 0) throw error
    for (const orphan of orphans) {
      const fields = { ...describe(orphan), reason: error.message }
      logger.log('WARN', 'generation of a killed procroll is ended first: it may hold the address', fields)
    }
    await left.end()
    return await openListeners(addresses)
  }
}

/** LISTEN_FDS counts the sockets in the order of `--listen`. */
function inOrder(
  addresses: readonly ListenAddress[],
  taken: Taken,
  others: readonly ListenAddress[],
  opened: OpenListeners,
  left: LeftBehind,
): HeldListeners {
  const found = addresses.flatMap((address) => {
    const socket = taken.get(address) ?? opened.sockets[others.indexOf(address)]
    return socket === undefined ? [] : [{ socket, recorded: recordListener(address, socket) }]
  })
  return {
    sockets: found.map(({ socket }) => socket),
    recorded: found.map(({ recorded }) => recorded),
    [Symbol.dispose]() {
      // An orphan that serves on is reached by its path.
      const mayUnlink = left.orphans().length === 0
      for (const socket of taken.values()) {
        if (mayUnlink) socket.unlink()
        socket[Symbol.dispose]()
      }
      opened[Symbol.dispose]()
    },
  }
}
