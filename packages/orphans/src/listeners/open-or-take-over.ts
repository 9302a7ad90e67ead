import { asError, callListener } from '@shellflip/internal'
import { ListenersError, type ParsedAddress } from '@shellflip/listeners/addresses'
import { isAddressInUse, type OpenListeners, openListeners } from '@shellflip/listeners/open'
import type { OrphansEvent } from '../events.ts'
import { nameOf } from '../find-orphans.ts'
import type { RecordedListener } from '../generation-record.ts'
import type { LeftBehind } from '../left-behind.ts'
import { orphansHold } from './holds-address.ts'
import { canServe, recordListener, type TakenListener, takeOverListener } from './take-over-listener.ts'

/** Listening sockets, and how the next supervisor finds them. */
export type HeldListeners = OpenListeners & { recorded: readonly RecordedListener[] }

/**
 * Opens addresses. If an orphan listens there already, both share its socket, and the orphan continues to serve. If
 * that is impossible and only orphans hold the address, they end first.
 *
 * @throws {ListenersError} ERR_CANNOT_LISTEN
 * @throws {OrphansError} ERR_ORPHAN_STAYS
 */
export async function openOrTakeOver(
  addresses: readonly ParsedAddress[],
  left: LeftBehind,
  onEvent: OnEvent,
): Promise<HeldListeners> {
  const taken = await takeOver(addresses, left, onEvent)
  const others = addresses.filter((address) => !taken.has(address))
  let opened: OpenListeners | undefined
  try {
    opened = await openOthers(others, left, onEvent)
    return inOrder(addresses, taken, others, opened, left)
  } catch (error) {
    opened?.[Symbol.dispose]()
    for (const socket of taken.values()) socket[Symbol.dispose]()
    throw error
  }
}

type OnEvent = ((event: OrphansEvent) => void) | undefined

type Taken = Map<ParsedAddress, TakenListener>

async function takeOver(
  addresses: readonly ParsedAddress[],
  left: LeftBehind,
  onEvent: OnEvent,
): Promise<Taken> {
  const taken: Taken = new Map()
  const pids = left.orphans().flatMap(({ members }) => members.map(({ pid }) => pid))
  if (pids.length === 0) return taken
  const untaken = new Set(left.recorded.listeners)
  for (const address of addresses) {
    for (const recorded of untaken) {
      if (!canServe(recorded, address)) continue
      const socket = await takeOrWarn(address, recorded, pids, onEvent)
      untaken.delete(recorded)
      if (socket === undefined) continue
      taken.set(address, socket)
      break
    }
  }
  return taken
}

async function takeOrWarn(
  address: ParsedAddress,
  recorded: RecordedListener,
  pids: readonly number[],
  onEvent: OnEvent,
): Promise<TakenListener | undefined> {
  try {
    return await takeOverListener(address, recorded, pids)
  } catch (error) {
    callListener(onEvent, { type: 'listener-not-taken', socket: address.name, error: asError(error) })
    return undefined
  }
}

async function openOthers(
  addresses: readonly ParsedAddress[],
  left: LeftBehind,
  onEvent: OnEvent,
): Promise<OpenListeners> {
  const held = new Map<ParsedAddress, ListenersError>()
  while (true) {
    const opened = await openOrNote(addresses, held, left)
    if (opened === undefined) continue
    if (held.size === 0) return opened
    opened[Symbol.dispose]()
    const reason = [...held.values()].map(({ message }) => message).join('. ')
    for (const orphan of left.orphans()) {
      callListener(onEvent, { type: 'orphan-in-the-way', reason, ...nameOf(orphan) })
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
  addresses: readonly ParsedAddress[],
  held: Map<ParsedAddress, ListenersError>,
  left: LeftBehind,
): Promise<OpenListeners | undefined> {
  try {
    return await openListeners(addresses.filter((address) => !held.has(address)))
  } catch (error) {
    if (!(error instanceof ListenersError) || !isAddressInUse(error)) throw error
    const { address } = error
    if (address === undefined || left.orphans().length === 0 || !(await orphansHold(address, left)))
      throw error
    held.set(address, error)
    return undefined
  }
}

/** LISTEN_FDS counts the sockets in the order of their addresses. */
function inOrder(
  addresses: readonly ParsedAddress[],
  taken: Taken,
  others: readonly ParsedAddress[],
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
