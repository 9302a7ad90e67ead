export { describeError, isFault } from './errors/describe-error.ts'
export { UsageError, usageError } from './errors/usage-error.ts'
