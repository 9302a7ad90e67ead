import {
  briefly,
  commandsOf,
  type DocumentedProgram,
  type Flag,
  flagsOf,
  type Values,
} from './documented-program.ts'

/** Writes a fish completion, one `complete` a flag. */
export function fishCompletion(documented: DocumentedProgram): string {
  const { program } = documented
  const name = program.name()
  const commands = commandsOf(documented)
  const complete = (condition: string, rest: string) => `complete -c ${name} -n ${quote(condition)} ${rest}`
  const lines = [
    `# fish completion for ${name}, generated from its commands`,
    `complete -c ${name} -f`,
    ...flagsOf(documented, program).map((flag) => complete('__fish_use_subcommand', flagWords(name, flag))),
    ...commands.map((command) =>
      complete('__fish_use_subcommand', `-a ${command.name()} -d ${quote(briefly(command.summary()))}`),
    ),
    ...commands.flatMap((command) => {
      const condition = `__fish_seen_subcommand_from ${command.name()}`
      const operands = offer(name, documented.operandsOf(command))
      return [
        ...flagsOf(documented, command).map((flag) => complete(condition, flagWords(name, flag))),
        ...(operands === '' ? [] : [complete(condition, operands)]),
      ]
    }),
  ]
  return `${lines.join('\n')}\n`
}

function flagWords(name: string, { long, short, description, values }: Flag): string {
  const spelling = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const value = values.type === 'none' ? '' : ` -r ${offer(name, values)}`.trimEnd()
  return `${spelling}${value} -d ${quote(briefly(description))}`
}

function offer(name: string, values: Values): string {
  switch (values.type) {
    case 'none':
    case 'any':
      return ''
    case 'files':
      return '-F'
    case 'choices':
      return `-a ${quote(values.choices.join(' '))}`
    case 'printed':
      return `-a ${quote(`(${name} ${values.by} 2>/dev/null)`)}`
    case 'command-line':
      return `-a ${quote('(__fish_complete_command)')} -F`
  }
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`
}
