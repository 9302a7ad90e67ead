import type { Command, Option } from 'commander'

/** The values that a shell completes for a flag, or for an operand. */
export type Values =
  | { type: 'none' }
  | { type: 'any' }
  | { type: 'files' }
  | { type: 'choices'; choices: readonly string[] }
  /** The lines that the program prints when it is called with these arguments. */
  | { type: 'printed'; by: string }
  /** A new command line. Completion starts afresh. */
  | { type: 'command-line' }

/** A program to document: commander's definitions, and what they do not say. */
export type DocumentedProgram = {
  program: Command
  version: string
  /** The values of a flag whose definition does not list them. */
  valuesOf: (command: Command, flag: string) => Values | undefined
  /** The operands after the flags of a command. */
  operandsOf: (command: Command) => Values
}

export type Flag = {
  long: string
  short?: string
  description: string
  values: Values
  isRepeatable: boolean
}

/** The flags of a command, `--help` included, in the order of the help. */
export function flagsOf({ valuesOf }: DocumentedProgram, command: Command): Flag[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      long: option.long ?? '',
      ...(option.short === undefined ? {} : { short: option.short }),
      description: option.description,
      values: valuesOf(command, option.long ?? '') ?? definedValues(option),
      isRepeatable: Array.isArray(option.defaultValue),
    }))
}

function definedValues(option: Option): Values {
  if (!option.required && !option.optional) return { type: 'none' }
  if (option.argChoices !== undefined) return { type: 'choices', choices: option.argChoices }
  return { type: /[<[](path|file)[>\]]/.test(option.flags) ? 'files' : 'any' }
}

/** The commands that the help shows, but `help` itself. */
export function commandsOf({ program }: DocumentedProgram): Command[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
}

/** The first sentence of a description, as lists of completions show it. */
export function briefly(text: string): string {
  return text.replace(/\. .*$/s, '').replace(/\.$/, '')
}
