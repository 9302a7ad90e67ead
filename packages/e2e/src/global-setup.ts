import { layers } from './layers.ts'
import { assertRequirements } from './requirements.ts'

/** Once, before all tests: what takes long the first time, so that no test's timeout has to hold it. */
export default async function setup(): Promise<void> {
  assertRequirements()
  await layers()
}
