export { parseCommand, renderCommand } from './go/command-template.ts'
export { formatDuration } from './go/duration.ts'
