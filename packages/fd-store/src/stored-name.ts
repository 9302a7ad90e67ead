import { socketKinds } from '@shellflip/handover'

/** The kinds of what an instance leaves for the next one. A service manager passes what it bound each time anyway. */
const stored = [socketKinds.bound, socketKinds.other]

/** Reports whether what is offered under this key belongs in the store. */
export function isStorable(key: string): boolean {
  return key === socketKinds.control || isState(key) || stored.some((kind) => key.startsWith(kind))
}

/** Reports whether this is the key of a state: ours, or that of an instance of the Rust crate. */
export function isState(key: string): boolean {
  return key === socketKinds.rustState || key.startsWith(socketKinds.state)
}

/**
 * Returns the name of a key in the fd store. FDNAME has no colon and only ASCII (sd_pid_notify_with_fds(3)), so keys are percent-encoded
 * where needed: `listen%3Atcp%3A//*%3A8080`.
 */
export function storedName(key: string): string {
  return encodeURI(key).replaceAll(':', '%3A')
}

/** Returns the key of a name in LISTEN_FDNAMES, if an instance of this library or of the Rust crate has stored it. */
export function storedKey(name: string): string | undefined {
  const key = decoded(name)
  return key !== undefined && isStorable(key) && storedName(key) === name ? key : undefined
}

function decoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name)
  } catch {
    return undefined
  }
}
