import type { Socket } from 'node:net'
import { type Credentials, fdOf, peerCredentials } from '@shellflip/fd-passing'

/** Returns who is at the other end, as the kernel attests it (SO_PEERCRED), or undefined if it is gone already. */
export function peerOf(socket: Socket): Credentials | undefined {
  try {
    return peerCredentials(fdOf(socket))
  } catch {
    return undefined
  }
}

/** Tells whether a peer is root or our own user. Both could signal this process anyway. */
export function isTrusted({ uid }: Credentials): boolean {
  return uid === 0 || uid === process.geteuid?.()
}
