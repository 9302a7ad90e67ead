import { E2eError } from './e2e-error.ts'
import { layers } from './layers.ts'
import { assertRequirements } from './requirements.ts'

/** Once, before all tests: what takes long the first time, so that no test's timeout has to hold it. */
export default async function setup(): Promise<void> {
  try {
    assertRequirements()
    await layers()
  } catch (error) {
    // Vitest would show where it was thrown: the message says what is missing, and that is all that helps.
    if (error instanceof E2eError) error.stack = error.message
    throw error
  }
}
