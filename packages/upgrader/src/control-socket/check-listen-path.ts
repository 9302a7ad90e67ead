import { resolve } from 'node:path'
import type { ListenAddress } from '@shellflip/listeners'
import { invalidArgument } from '../shellflip-error.ts'

/** Checks that a server does not listen at the path of the control socket. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkIsNotControlSocket(
  { path }: ListenAddress,
  { controlSocket }: { readonly controlSocket?: string | undefined },
): void {
  if (path === undefined || resolve(path) !== controlSocket) return
  throw invalidArgument(`flip.listen() cannot have ${path}, which is the controlSocket. Choose another path.`)
}
