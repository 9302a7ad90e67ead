export { freePort } from './free-port.ts'
export { hear } from './hear.ts'
export { heldBytes } from './held-bytes.ts'
export { LoadClient, type LoadOptions } from './load-client.ts'
export type { Answer } from './load-client-answer.ts'
export type { LoadTarget } from './load-client-connection.ts'
export { type FailureKind, LoadFailure } from './load-client-failure.ts'
export { describeFailures, type LoadCounts, type LoadReport } from './load-client-report.ts'
export {
  argumentsOf,
  childrenOf,
  endProcessesWith,
  isAlive,
  openFds,
  processesWith,
  processState,
} from './process-census.ts'
export { runReadmeExample } from './readme-example.ts'
export { compileScriptedProcess, type Script } from './scripted-process.ts'
export { seededRandom } from './seeded-random.ts'
export { type Finished, ServicePlace } from './service-place.ts'
export { temporaryFolder } from './temporary-folder.ts'
export { type Exit, TestProcess, type TestProcessOptions } from './test-process.ts'
export { type WaitOptions, waitFor } from './wait-for.ts'
