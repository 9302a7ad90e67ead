import { handoverVariable } from '../descriptor-variables.ts'
import { ServiceChild } from './service-child.ts'
import type { StartSuccessor } from './successor-process.ts'

/** Starts the successor as a child of its predecessor. The successor outlives it. */
export const startDirectly: StartSuccessor = async (command, channel) => {
  const child = new ServiceChild(command, [{ fd: channel, variable: handoverVariable }])
  await child.started
  return child
}
