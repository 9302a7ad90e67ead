export { document, type HelpSection, sectionsOf } from './commands/documentation.ts'
export { choice, duration, flag, parseCount, repeatable } from './commands/flags.ts'
export { createProgram, type Hints, parseCommandLine } from './commands/program.ts'
export { parseSignal } from './commands/signal-name.ts'
