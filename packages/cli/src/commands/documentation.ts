import type { Command } from 'commander'

/** A part of the help below the flags: terms with their meaning, or literal lines. */
export type HelpSection = { title: string } & (
  | { entries: readonly (readonly [term: string, meaning: string])[] }
  | { lines: readonly string[] }
)

const documented = new WeakMap<Command, readonly HelpSection[]>()

/** Adds sections to the help of a command. The manual page of the command shows them as well. */
export function document(command: Command, sections: readonly HelpSection[]): Command {
  documented.set(command, sections)
  return command.addHelpText('after', ({ command: shown }) => `\n${formatSections(shown, sections)}`)
}

export function sectionsOf(command: Command): readonly HelpSection[] {
  return documented.get(command) ?? []
}

/** Longer lines are hard to read, however wide the terminal is. */
const READABLE = 100

export function helpWidth(): number {
  return Math.min(process.stdout.columns || 80, READABLE)
}

function formatSections(command: Command, sections: readonly HelpSection[]): string {
  const helper = command.createHelp()
  helper.prepareContext({ helpWidth: helpWidth() })
  const format = (section: HelpSection): string[] => {
    if ('lines' in section) return section.lines.map((line) => `  ${line}`)
    const width = Math.max(...section.entries.map(([term]) => term.length))
    return section.entries.map(([term, meaning]) => helper.formatItem(term, width, meaning, helper))
  }
  return sections
    .flatMap((section) => helper.formatItemList(`${section.title}:`, format(section), helper))
    .join('\n')
    .trimEnd()
}
