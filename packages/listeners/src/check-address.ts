import { type OptionTypes, optionFault, show } from '@shellflip/internal'
import type { BindAddress, ListenAddress } from './bind-address.ts'
import { invalidArgument } from './listeners-error.ts'

const bindTypes: OptionTypes<keyof BindAddress> = {
  name: 'string',
  host: 'string',
  port: 'any',
  ipv6Only: 'boolean',
  reusePort: 'boolean',
}

const listenTypes: OptionTypes<keyof ListenAddress> = {
  ...bindTypes,
  path: 'string',
  mode: 'any',
  backlog: 'count',
}

/**
 * Checks the address of `listen()`.
 *
 * @param otherOptions belong into another argument
 * @throws {ListenersError} ERR_INVALID_ARGUMENT
 */
export function checkListenAddress(address: ListenAddress, otherOptions: readonly string[]): void {
  checkIsAddress('listen(server, address)', address)
  const misplaced = Object.keys(address).find(
    (name) => !Object.hasOwn(listenTypes, name) && otherOptions.includes(name),
  )
  if (misplaced !== undefined) {
    throw invalidArgument(
      `listen(server, address) takes "${misplaced}" as an option. Pass it in a third argument: { ${misplaced} }.`,
    )
  }
  throwIfAny(optionFault('the address of listen()', address, listenTypes))
  const { path, host, port } = address
  if (path !== undefined && (host !== undefined || port !== undefined)) {
    throw invalidArgument('listen() takes either a path, or a host and a port. Give one of them.')
  }
  if (path === '') throw invalidArgument('listen(): path must be the path of a socket, not "".')
  checkHost(address)
  checkPort(address)
  checkMode(address.mode)
}

/** Checks the address of `bind()`. @throws {ListenersError} ERR_INVALID_ARGUMENT */
export function checkBindAddress(address: BindAddress): void {
  checkIsAddress('bind(socket, address)', address)
  throwIfAny(optionFault('the address of bind()', address, bindTypes))
  checkHost(address)
  checkPort(address)
}

/** Node's own `listen()` takes a number or a path there. */
function checkIsAddress(what: string, address: unknown): void {
  if (typeof address === 'object' && address !== null && !Array.isArray(address)) return
  throw invalidArgument(`${what} takes an address such as { port: 8080 }, not ${show(address)}.`)
}

function checkMode(mode: unknown): void {
  if (mode === undefined || (Number.isInteger(mode) && Number(mode) >= 0 && Number(mode) <= 0o777)) return
  throw invalidArgument(`mode must be permission bits such as 0o660, not ${show(mode)}.`)
}

function checkHost({ host }: { readonly host?: string }): void {
  if (host !== '') return
  throw invalidArgument('host must be an address or a name, not "". Leave it out to listen at every address.')
}

function checkPort({ port }: { readonly port?: unknown }): void {
  if (port === undefined || (Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535)) return
  const hint = typeof port === 'string' ? ' Use Number(port).' : ''
  throw invalidArgument(`port must be a whole number from 0 to 65535, not ${show(port)}.${hint}`)
}

function throwIfAny(fault: string | undefined): void {
  if (fault !== undefined) throw invalidArgument(fault)
}
