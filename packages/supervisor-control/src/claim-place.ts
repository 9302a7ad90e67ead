import { rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ControlServer, ControlSocketError } from '@shellflip/control-socket'
import { privateFolderFault } from '@shellflip/internal'
import { answer, type Supervised } from './answer.ts'
import type { PlaceEvent } from './events.ts'
import { supervisorProtocol } from './protocol.ts'
import { SupervisorControlError } from './supervisor-control-error.ts'
import type { SupervisorPlace } from './supervisor-place.ts'

/** A place where this process, and no other, answers. Closing it ends the answers, and removes the files. */
export type ClaimedPlace = AsyncDisposable & {
  readonly controlSocket: string
  readonly record: string
  close(): Promise<void>
}

export async function claimPlace(
  place: SupervisorPlace,
  supervised: Supervised,
  onEvent?: (event: PlaceEvent) => void,
): Promise<ClaimedPlace> {
  const server = await listen(place, supervised, onEvent)
  const close = async () => {
    await server.close()
    if (place.folder !== undefined) removeIfEmpty(place.folder)
  }
  const { controlSocket, record } = place
  return { controlSocket, record, close, [Symbol.asyncDispose]: close }
}

async function listen(
  place: SupervisorPlace,
  supervised: Supervised,
  onEvent?: (event: PlaceEvent) => void,
): Promise<ControlServer> {
  try {
    return await ControlServer.listen({
      path: place.controlSocket,
      protocol: supervisorProtocol,
      answer: (request, { signal }) => answer(request, supervised, signal),
      restorePath: true,
      ...(onEvent && { onEvent }),
    })
  } catch (cause) {
    if (!(cause instanceof ControlSocketError)) throw cause
    throw refusal(place, cause)
  }
}

const codes = {
  ERR_CONTROL_PATH_TOO_LONG: 'ERR_SUPERVISOR_PATH_TOO_LONG',
  ERR_CONTROL_PATH_IN_USE: 'ERR_NAME_IN_USE',
} as const

function refusal({ label, folder }: SupervisorPlace, cause: ControlSocketError): SupervisorControlError {
  if (cause.code === 'ERR_CONTROL_PATH_IN_USE' && folder !== undefined) {
    return new SupervisorControlError(
      'ERR_NAME_IN_USE',
      `a supervisor named "${label}" is running. Roll it, stop it, or choose another name`,
      { cause, supervisors: [label] },
    )
  }
  const code = cause.code in codes ? codes[cause.code as keyof typeof codes] : 'ERR_CONTROL_SOCKET'
  return new SupervisorControlError(code, `cannot open a control socket: ${cause.message}`, { cause })
}

/** A record of orphans may have been left in it on purpose. A folder that stays must not fail the exit. */
function removeIfEmpty(folder: string): void {
  try {
    if (privateFolderFault(dirname(folder)) === undefined) rmdirSync(folder)
  } catch {
    // It is not empty, or it was swept away.
  }
}
