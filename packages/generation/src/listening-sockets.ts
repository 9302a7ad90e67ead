import { readProc } from './proc-files.ts'

export type ListeningSocket = { family: 'tcp' | 'unix'; address: string }

/** TCP_LISTEN, as /proc/net/tcp writes it. */
const tcpListen = '0A'
/** __SO_ACCEPTCON, as /proc/net/unix writes it. */
const acceptsConnections = '00010000'

/** The listening sockets in the network namespace of a process, by inode (proc_pid_net(5)). */
export function listeningSockets(pid: number): Map<number, ListeningSocket> {
  const found = new Map<number, ListeningSocket>()
  for (const table of ['tcp', 'tcp6']) {
    for (const [, local = '', , state, , , , , , inode] of rows(`${pid}/net/${table}`)) {
      if (state === tcpListen) found.set(Number(inode), { family: 'tcp', address: formatLocal(local) })
    }
  }
  for (const [, , , flags, , , inode, ...path] of rows(`${pid}/net/unix`)) {
    if (flags === acceptsConnections)
      found.set(Number(inode), { family: 'unix', address: `unix:${path.join(' ')}` })
  }
  return found
}

function rows(path: string): string[][] {
  const [, ...lines] = (readProc(path) ?? '').split('\n')
  return lines.map((line) => line.trim().split(/\s+/))
}

/** Formats `0100007F:46E7`: 32-bit words in the byte order of the machine, and a port. */
function formatLocal(text: string): string {
  const [address = '', port = '0'] = text.split(':')
  const words = address.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => [...littleEndian(Number.parseInt(word, 16))])
  const host = bytes.length === 4 ? bytes.join('.') : `[${formatIpv6(bytes)}]`
  return `${host}:${Number.parseInt(port, 16)}`
}

function littleEndian(word: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(word)
  return bytes
}

function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}
