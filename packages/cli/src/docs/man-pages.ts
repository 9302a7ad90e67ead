import type { Command, Option } from 'commander'
import { type HelpSection, sectionsOf } from '../commands/documentation.ts'
import { commandsOf, type DocumentedProgram } from './documented-program.ts'
import { bold, escapeRoff, italic } from './roff.ts'

export type ManPage = { file: string; text: string }

/** Writes app(1) for the program `app`, and app-run(1) for its command `run`, as man(7) describes pages. */
export function manPages(documented: DocumentedProgram): ManPage[] {
  const { program } = documented
  const commands = commandsOf(documented)
  const names = commands.map((command) => `${program.name()}-${command.name()}`)
  return [
    page(documented, program, program.name(), names),
    ...commands.map((command, index) => page(documented, command, names[index] ?? '', [program.name()])),
  ]
}

function page(
  { program, version }: DocumentedProgram,
  command: Command,
  name: string,
  seeAlso: readonly string[],
): ManPage {
  const isProgram = command === program
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "${program.name()} ${version}" "User Commands"`,
    '.SH NAME',
    `${escapeRoff(name)} \\- ${escapeRoff(command.summary() || lowerFirst(command.description()))}`,
    '.SH SYNOPSIS',
    `.B ${escapeRoff(isProgram ? program.name() : `${program.name()} ${command.name()}`)}`,
    escapeRoff(command.usage()),
    '.SH DESCRIPTION',
    escapeRoff(command.description()),
    ...(isProgram ? commandList(program) : operands(command)),
    ...options(command),
    ...sectionsOf(command).flatMap(section),
    '.SH SEE ALSO',
    seeAlso.map((other) => `${bold(other)}(1)`).join(', '),
  ]
  return { file: `${name}.1`, text: `${lines.join('\n')}\n` }
}

function commandList(program: Command): string[] {
  const helper = program.createHelp()
  const shown = helper.visibleCommands(program).filter((command) => command.name() !== 'help')
  return [
    '.SH COMMANDS',
    ...shown.flatMap((command) => [
      '.TP',
      `${bold(`${program.name()}-${command.name()}`)}(1)`,
      escapeRoff(helper.subcommandDescription(command)),
    ]),
  ]
}

function operands(command: Command): string[] {
  const described = command.registeredArguments.filter(({ description }) => description)
  return described.flatMap((operand) => ['.TP', italic(operand.name()), escapeRoff(operand.description)])
}

function options(command: Command): string[] {
  const helper = command.createHelp()
  const lines = ['.SH OPTIONS']
  let group = ''
  for (const option of helper.visibleOptions(command)) {
    const heading = option.helpGroupHeading?.replace(/:$/, '') ?? group
    if (heading !== group) lines.push(`.SS ${escapeRoff(heading)}`)
    group = heading
    lines.push('.TP', bold(option.flags), escapeRoff(describe(option, helper.optionDescription(option))))
  }
  return lines
}

function describe(option: Option, description: string): string {
  return option.description === '' ? description : `${description[0]?.toUpperCase()}${description.slice(1)}`
}

function section(part: HelpSection): string[] {
  const heading = `.SH ${escapeRoff(part.title.toUpperCase())}`
  if ('lines' in part) return [heading, '.nf', ...part.lines.map(escapeRoff), '.fi']
  return [heading, ...part.entries.flatMap(([term, meaning]) => ['.TP', bold(term), escapeRoff(meaning)])]
}

function lowerFirst(text: string): string {
  return `${text[0]?.toLowerCase()}${text.slice(1)}`.replace(/\.$/, '')
}
