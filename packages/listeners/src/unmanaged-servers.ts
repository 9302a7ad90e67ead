import type { Socket as DatagramSocket } from 'node:dgram'
import diagnostics from 'node:diagnostics_channel'
import type { Server } from 'node:net'
import { fdOf, sharesAddress } from '@shellflip/fd-passing'
import { oncePerProcess } from '@shellflip/internal'

/** A server or UDP socket that the program binds itself, and the call that binds it. */
type Unmanaged = { readonly call: string; readonly address: string; readonly isPrivate: () => boolean }

/** The servers and sockets that the program binds itself, until they are closed. Undefined once the process serves. */
type Registry = { calls: Map<object, Unmanaged> | undefined; forget(): void }

/** The arguments as {@link Server.listen} understands them. */
type ListenArguments = { port?: unknown; host?: unknown; path?: unknown; fd?: unknown; reusePort?: unknown }

const registry = oncePerProcess('unmanaged-servers', () => {
  diagnostics.subscribe('tracing:net.server.listen:asyncStart', noteListen)
  diagnostics.subscribe('udp.socket', noteBinds)
  const created: Registry = {
    calls: new Map(),
    forget() {
      created.calls = undefined
      diagnostics.unsubscribe('tracing:net.server.listen:asyncStart', noteListen)
      diagnostics.unsubscribe('udp.socket', noteBinds)
    },
  }
  return created
})

/** Reports the call by which the program binds this server or socket itself: `listen(8080)`. */
export function ownCallOf(object: object): string | undefined {
  const found = registry.calls?.get(object)
  return found && `${found.call}(${found.address})`
}

/**
 * Describes a call by which the program binds an address that two generations cannot both have. It leaves out addresses that differ between
 * processes (port 0, a path with the pid in it). It also leaves out those that are shared on purpose (`reusePort`, `reuseAddr`).
 *
 * A call that failed counts, because a program that ignores the error would not serve at that address.
 */
export function ownCall(): string | undefined {
  const found = [...(registry.calls?.values() ?? [])].find(({ isPrivate }) => !isPrivate())
  return found && `${found.call}(${found.address})`
}

/** Stops looking, because the process serves. It does not matter what the program binds later. */
export function forgetOwnCalls(): void {
  registry.forget()
}

/**
 * Node publishes each call of `listen()` here (diagnostics_channel, "net.server.listen"). A server that listens on a descriptor was given
 * to the process. This package's own servers are such.
 */
function noteListen(message: unknown): void {
  const { server, options } = message as { server: Server; options: ListenArguments }
  if (typeof options.fd === 'number' || typeof options !== 'object') return
  const { port, host, path, reusePort } = options
  note(server, {
    call: 'listen',
    address: typeof path === 'string' ? path : describe(host, port),
    isPrivate: () =>
      typeof path === 'string' ? path.includes(String(process.pid)) : !Number(port) || reusePort === true,
  })
}

/** Node publishes each new UDP socket here ("udp.socket"), and none of its binds. */
function noteBinds(message: unknown): void {
  const { socket } = message as { socket: DatagramSocket }
  const bind = socket.bind as (...args: unknown[]) => DatagramSocket
  const noted = (...args: unknown[]) => {
    const [first] = args
    const { port, address, fd } =
      typeof first === 'object' && first !== null
        ? (first as { port?: unknown; address?: unknown; fd?: unknown })
        : { port: first, address: args[1], fd: undefined }
    if (typeof fd !== 'number') {
      note(socket, {
        call: 'bind',
        address: describe(typeof address === 'string' ? address : undefined, port),
        // Multicast listeners and similar sockets share a port on purpose.
        isPrivate: () => !Number(port) || isShared(socket),
      })
    }
    return Reflect.apply(bind, socket, args)
  }
  Object.defineProperty(socket, 'bind', {
    value: noted,
    configurable: true,
    writable: true,
    enumerable: false,
  })
}

function note(object: Server | DatagramSocket, call: Unmanaged): void {
  if (registry.calls === undefined) return
  registry.calls.set(object, call)
  object.once('close', () => registry.calls?.delete(object))
}

function describe(host: unknown, port: unknown): string {
  const where = Number(port) || 0
  return typeof host === 'string' && host !== '' ? `${where}, ${host}` : String(where)
}

function isShared(socket: DatagramSocket): boolean {
  try {
    return sharesAddress(fdOf(socket))
  } catch {
    return false
  }
}
