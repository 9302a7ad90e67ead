import { kinds } from '../sockets/socket-key.ts'

/** The kinds of what an instance leaves for the next one. */
const stored = [kinds.bound, kinds.activated, kinds.other, kinds.state]

/**
 * The name of a key in the fd store. FDNAME has no colon and nothing but ASCII (sd_pid_notify_with_fds(3)), so keys are
 * percent-encoded: `listen%3Atcp%3A%2F%2F*%3A8080`.
 */
export function storedName(key: string): string {
  return encodeURIComponent(key)
}

/** The key of a name that LISTEN_FDNAMES has, if an instance of this library has stored it. */
export function storedKey(name: string): string | undefined {
  const key = decoded(name)
  if (key === kinds.control) return key
  return key !== name && stored.some((kind) => key.startsWith(kind)) ? key : undefined
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
