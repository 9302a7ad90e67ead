import { ServiceChild } from './service-child.ts'
import type { StartSuccessor } from './successor-process.ts'

/** Starts the successor as a child of its predecessor. The successor outlives it. */
export const startDirectly: StartSuccessor = async (command, passed) => {
  const child = new ServiceChild(command, passed)
  await child.started
  return child
}
