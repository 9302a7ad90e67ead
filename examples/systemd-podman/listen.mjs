// Where a server listens: on what it was given, or on a port of its own.
import { once } from 'node:events'
import { listenFds } from '@shellflip/sd-notify'
import { createReuseportFd } from 'node-unix-socket'

/**
 * On the sockets that procroll holds (`--listen`), if there are any; else on `port`: with `reusePort` several
 * generations listen on it, each on a socket of its own.
 */
export async function listen(server, { port, reusePort = false }) {
  const [inherited] = listenFds()
  if (inherited) server.listen({ fd: inherited.fd.release() })
  else if (!reusePort) server.listen({ port })
  else if (hasReusePort()) server.listen({ port, reusePort })
  else server.listen({ fd: createReuseportFd(port) })
  await once(server, 'listening')
}

/** Node has it from 23.1 on, and from 22.12 on. */
function hasReusePort() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
