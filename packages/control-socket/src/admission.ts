import type { Socket } from 'node:net'
import { type Credentials, fdOf, peerCredentials } from '@shellflip/fd-passing'

/** Who is at the other end, as the kernel attests it (SO_PEERCRED), or undefined if it is gone already. */
export function peerOf(socket: Socket): Credentials | undefined {
  try {
    return peerCredentials(fdOf(socket))
  } catch {
    return undefined
  }
}

/** Only those who could signal this process anyway: its own user, and root. */
export function mayAsk({ uid }: Credentials): boolean {
  return uid === 0 || uid === process.geteuid?.()
}
