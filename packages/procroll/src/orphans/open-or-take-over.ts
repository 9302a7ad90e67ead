import type { ListenAddress } from '../arguments/listen-address.ts'
import { ListenError, type OpenListeners, openListeners } from '../launch/open-listeners.ts'
import type { Logger } from '../log/logger.ts'
import { describe } from './find-left-behind.ts'
import type { RecordedListener } from './generation-record.ts'
import { orphansHold } from './holds-address.ts'
import type { LeftBehind } from './left-behind.ts'
import { canServe, recordListener, type TakenListener, takeOverListener } from './take-over-listener.ts'

/** The sockets of `--listen`, and how the next procroll finds them. */
export type HeldListeners = OpenListeners & { recorded: readonly RecordedListener[] }

/**
 * Opens the addresses of `--listen`. If an orphan listens there already, both share its socket, and the orphan continues to serve. If
 * that is impossible and only orphans hold the address, they end first.
 *
 * @throws {ProcrollError} ERR_LISTEN
 * @throws {ProcrollError} ERR_ORPHANS
 */
export async function openOrTakeOver(
  addresses: readonly ListenAddress[],
  left: LeftBehind,
  logger: Logger,
): Promise<HeldListeners> {
  const taken = await takeOver(addresses, left, logger)
  const others = addresses.filter((address) => !taken.has(address))
  let opened: OpenListeners | undefined
  try {
    opened = await openOthers(others, left, logger)
    return inOrder(addresses, taken, others, opened, left)
  } catch (error) {
    opened?.[Symbol.dispose]()
    for (const socket of taken.values()) socket[Symbol.dispose]()
    throw error
  }
}

type Taken = Map<ListenAddress, TakenListener>

async function takeOver(
  addresses: readonly ListenAddress[],
  left: LeftBehind,
  logger: Logger,
): Promise<Taken> {
  const taken: Taken = new Map()
  const pids = left.orphans().flatMap(({ members }) => members.map(({ pid }) => pid))
  if (pids.length === 0) return taken
  const untaken = new Set(left.recorded.listeners)
  for (const address of addresses) {
    for (const recorded of untaken) {
      if (!canServe(recorded, address)) continue
      const socket = await takeOrWarn(address, recorded, pids, logger)
      untaken.delete(recorded)
      if (socket === undefined) continue
      taken.set(address, socket)
      break
    }
  }
  return taken
}

async function takeOrWarn(
  address: ListenAddress,
  recorded: RecordedListener,
  pids: readonly number[],
  logger: Logger,
): Promise<TakenListener | undefined> {
  try {
    return await takeOverListener(address, recorded, pids)
  } catch (error) {
    const fields = { socket: address.name, error: (error as Error).message }
    logger.log('WARN', 'cannot take over the socket of a killed procroll', fields)
    return undefined
  }
}

async function openOthers(
  addresses: readonly ListenAddress[],
  left: LeftBehind,
  logger: Logger,
): Promise<OpenListeners> {
  const held = new Map<ListenAddress, ListenError>()
  while (true) {
    const opened = await openOrNote(addresses, held, left)
    if (opened === undefined) continue
    if (held.size === 0) return opened
    opened[Symbol.dispose]()
    const reason = [...held.values()].map(({ message }) => message).join('. ')
    for (const orphan of left.orphans()) {
      const fields = { ...describe(orphan), reason }
      logger.log('WARN', 'ending the generation of a killed procroll first: it holds the address', fields)
    }
    await left.end()
    return await openListeners(addresses)
  }
}

/**
 * Opens all addresses that no orphan holds, or notes one more that an orphan does. Any other failure would not be mended
 * by the end of an orphan, so the orphan serves on.
 */
async function openOrNote(
  addresses: readonly ListenAddress[],
  held: Map<ListenAddress, ListenError>,
  left: LeftBehind,
): Promise<OpenListeners | undefined> {
  try {
    return await openListeners(addresses.filter((address) => !held.has(address)))
  } catch (error) {
    if (!(error instanceof ListenError) || !error.isInUse) throw error
    if (left.orphans().length === 0 || !(await orphansHold(error.address, left))) throw error
    held.set(error.address, error)
    return undefined
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
