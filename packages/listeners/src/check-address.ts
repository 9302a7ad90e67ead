import { isIP } from 'node:net'
import { lateExpression, type OptionTypes, optionFault, show } from '@shellflip/internal'
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
 * @param otherOptions options that belong in another argument
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
  checkName(address)
  checkHost(address)
  checkPort(address)
  checkMode(address)
  checkBacklog(address)
  if (path !== undefined) checkPathAlone(address)
}

/** Checks the address of `bind()`. @throws {ListenersError} ERR_INVALID_ARGUMENT */
export function checkBindAddress(address: BindAddress): void {
  checkIsAddress('bind(socket, address)', address)
  throwIfAny(optionFault('the address of bind()', address, bindTypes))
  checkName(address)
  checkHost(address)
  checkPort(address)
}

/** Checks that it is an object. Node's own `listen()` also takes a number or a path there. */
function checkIsAddress(what: string, address: unknown): void {
  if (typeof address === 'object' && address !== null && !Array.isArray(address)) return
  throw invalidArgument(`${what} takes an address such as { port: 8080 }, not ${show(address)}.`)
}

/** Checks the name of a socket of systemd's, or of the server in the report of a drain. */
function checkName({ name }: BindAddress): void {
  if (name === '')
    throw invalidArgument('name must be a text that is not empty, not "". Leave it out, or choose one.')
}

function checkMode({ mode, path }: ListenAddress): void {
  if (mode === undefined) return
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    const shown = Number.isInteger(mode) && mode > 0 ? `0o${mode.toString(8)}` : show(mode)
    throw invalidArgument(`mode must be permission bits such as 0o660, not ${shown}.`)
  }
  if (path === undefined) throw invalidArgument('mode is for a UNIX path. Leave it out, or give a path.')
}

/** Checks that the backlog fits into the int of listen(2). */
function checkBacklog({ backlog = 0 }: ListenAddress): void {
  if (backlog < 2 ** 31) return
  throw invalidArgument(`backlog must be less than ${2 ** 31}, not ${backlog}.`)
}

/** Refuses the options that a path ignores, because they would promise something that does not happen. */
function checkPathAlone(address: ListenAddress): void {
  const { path = '' } = address
  if (path.includes('\0')) {
    throw invalidArgument(`path must not have a NUL, not ${show(path)}. An abstract path begins with "@".`)
  }
  const ignored = (['ipv6Only', 'reusePort'] as const).find((name) => address[name] === true)
  if (ignored !== undefined)
    throw invalidArgument(`${ignored} is for a port. Leave it out where a path is given.`)
}

const neverInHost = lateExpression('[^\\p{L}\\p{N}._:%-]', 'u')

function checkHost({ host, ipv6Only }: BindAddress): void {
  if (host === undefined) return
  if (host === '') {
    throw invalidArgument(
      'host must be an address or a name, not "". Leave it out to listen at every address.',
    )
  }
  if (!/^[\w.:%-]*$/.test(host) && neverInHost().test(host)) {
    const hint = /^\[.*\]$/.test(host) ? ` Write ${host.slice(1, -1)} without brackets.` : ''
    throw invalidArgument(`host must be an IP address or a name such as localhost, not ${show(host)}.${hint}`)
  }
  if (ipv6Only === true && isIP(host) === 4) {
    throw invalidArgument(`ipv6Only is for IPv6, and ${host} is an address of IPv4. Leave it out.`)
  }
}

function checkPort({ port }: { readonly port?: unknown }): void {
  if (port === undefined || (Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535)) return
  const hint = typeof port === 'string' ? ' Use Number(port).' : ''
  throw invalidArgument(`port must be a whole number from 0 to 65535, not ${show(port)}.${hint}`)
}

function throwIfAny(fault: string | undefined): void {
  if (fault !== undefined) throw invalidArgument(fault)
}
