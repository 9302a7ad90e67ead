import { handoverVariable } from '../descriptor-variables.ts'
import { ServiceChild } from './service-child.ts'
import type { StartSuccessor } from './successor-process.ts'

/** The successor is the child of its predecessor, and outlives it. */
export const startDirectly: StartSuccessor = async (command, channel) => {
  const child = new ServiceChild(command, [{ fd: channel, variable: handoverVariable }])
  await child.started
  return child
}
