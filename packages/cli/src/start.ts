export { readStart, type Start } from './start/start.ts'
export { typedArguments } from './start/typed-arguments.ts'
export { isRelative, type LaunchDirectory, launchDirectory } from './start/working-directory.ts'
