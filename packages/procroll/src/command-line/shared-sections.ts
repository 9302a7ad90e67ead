import type { HelpSection } from '@shellflip/cli/commands'
import { exitStatuses, otherStatus } from '../exit-status.ts'

/** Returns the section of the exit statuses of a command. */
export function exitStatusSection(statuses: readonly number[], ...notes: string[]): HelpSection {
  const possible = exitStatuses.filter(({ status }) => statuses.includes(status))
  return {
    title: 'Exit status',
    entries: [
      ...possible.map(({ status, meaning }) => [String(status), meaning] as const),
      ...notes.map((note) => ['other', note] as const),
    ],
  }
}

export const allExitStatuses: HelpSection = exitStatusSection(
  exitStatuses.map(({ status }) => status),
  otherStatus,
)

export const runtimeFolderEntry = [
  'PROCROLL_RUNTIME_DIR',
  'The folder of the control sockets. Without it: /run/procroll for root, $XDG_RUNTIME_DIR/procroll, or procroll-UID in the temporary folder.',
] as const

export function exampleSection(...lines: string[]): HelpSection {
  return { title: lines.length > 1 ? 'Examples' : 'Example', lines }
}
