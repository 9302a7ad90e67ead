import { rmdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ControlServer, type ControlServerEvent, ControlSocketError } from '@shellflip/control-socket'
import { privateFolderFault } from '@shellflip/internal'
import type { Logger } from '../log/logger.ts'
import { ProcrollError, usageError } from '../procroll-error.ts'
import { answer, type Supervised } from './answer.ts'
import { procrollProtocol } from './protocol.ts'
import { makeRuntimeFolder } from './runtime-folder.ts'
import {
  type PlaceOptions,
  placeByControlSocket,
  placeInRuntimeFolder,
  type SupervisorPlace,
} from './supervisor-place.ts'

/** A place where this process, and no other, answers. */
export type ClaimedPlace = AsyncDisposable & { record: string }

/**
 * Takes the supervisor's name, or control socket, and starts to answer there. Without either, the supervisor is named after its pid. If
 * that is impossible, as in a unit without a writable /run, it continues without a control socket.
 *
 * @throws {ProcrollError} ERR_NAME_IN_USE
 * @throws {ProcrollError} ERR_RUNTIME_FOLDER
 */
export async function claimPlace(
  { name, controlSocket }: PlaceOptions,
  supervised: Supervised,
  logger: Logger,
): Promise<ClaimedPlace | undefined> {
  if (controlSocket !== undefined)
    return await claim(placeByControlSocket(resolve(controlSocket)), supervised, logger)
  if (name !== undefined) return await claimInRuntimeFolder(name, supervised, logger)
  try {
    return await claimInRuntimeFolder(String(process.pid), supervised, logger)
  } catch (error) {
    logger.log(
      'WARN',
      'cannot open a control socket: procroll roll, status and stop will not find this supervisor',
      {
        error: (error as Error).message,
      },
    )
    return undefined
  }
}

async function claimInRuntimeFolder(
  label: string,
  supervised: Supervised,
  logger: Logger,
): Promise<ClaimedPlace> {
  makeRuntimeFolder()
  return await claim(placeInRuntimeFolder(label), supervised, logger)
}

async function claim(place: SupervisorPlace, supervised: Supervised, logger: Logger): Promise<ClaimedPlace> {
  const server = await listen(place, supervised, logger)
  return {
    record: place.record,
    async [Symbol.asyncDispose]() {
      await server.close()
      if (place.folder !== undefined) removeIfEmpty(place.folder)
    },
  }
}

async function listen(
  place: SupervisorPlace,
  supervised: Supervised,
  logger: Logger,
): Promise<ControlServer> {
  try {
    return await ControlServer.listen({
      path: place.controlSocket,
      protocol: procrollProtocol,
      answer: (request, { signal }) => answer(request, supervised, signal),
      restorePath: true,
      onEvent: (event) => logEvent(event, logger),
    })
  } catch (cause) {
    if (!(cause instanceof ControlSocketError)) throw cause
    throw refusal(place, cause)
  }
}

function logEvent(event: ControlServerEvent, logger: Logger): void {
  const fields = {
    event: event.type,
    ...('path' in event ? { path: event.path } : {}),
    ...('reason' in event ? { reason: event.reason } : {}),
    ...('error' in event ? { error: String(event.error) } : {}),
  }
  if (event.type === 'path-restored')
    logger.log('WARN', 'control socket was removed, and is created again', fields)
  else if (event.type === 'path-lost')
    logger.log('ERROR', 'control socket was removed, and cannot be created again yet', fields)
  else
    logger.log(event.type === 'answer-failed' ? 'ERROR' : 'DEBUG', 'cannot answer a control client', fields)
}

function refusal(place: SupervisorPlace, cause: ControlSocketError): ProcrollError {
  if (cause.code === 'ERR_CONTROL_PATH_TOO_LONG')
    return usageError(`cannot open a control socket: ${cause.message}`, { cause })
  if (cause.code !== 'ERR_CONTROL_PATH_IN_USE' || place.folder === undefined) {
    const code = cause.code === 'ERR_CONTROL_PATH_IN_USE' ? 'ERR_NAME_IN_USE' : 'ERR_RUNTIME_FOLDER'
    return new ProcrollError(code, `cannot open a control socket: ${cause.message}`, { cause })
  }
  return new ProcrollError(
    'ERR_NAME_IN_USE',
    `a supervisor named "${place.label}" is running. Roll it (procroll roll --name ${place.label}), ` +
      `stop it (procroll stop --name ${place.label}), or choose another --name`,
    { cause },
  )
}

/** A record of orphans may have been left in it on purpose. A folder that stays must not fail the exit. */
function removeIfEmpty(folder: string): void {
  try {
    if (privateFolderFault(dirname(folder)) === undefined) rmdirSync(folder)
  } catch {
    // It is not empty, or it was swept away.
  }
}
