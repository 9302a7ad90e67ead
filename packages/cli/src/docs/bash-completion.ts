import type { Command } from 'commander'
import { commandsOf, type DocumentedProgram, type Flag, flagsOf, type Values } from './documented-program.ts'

/**
 * Writes a bash completion that does not require the bash-completion package. Where the package is loaded, it is used for command lines.
 */
export function bashCompletion(documented: DocumentedProgram): string {
  const { program } = documented
  const name = program.name()
  const own = flagsOf(documented, program).flatMap(spellings)
  const commands = commandsOf(documented)
  return `# bash completion for ${name}, generated from its commands
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} i
  COMPREPLY=()
  # bash splits --flag=value at the sign.
  if [[ $cur == '=' ]]; then cur=; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if ((COMP_CWORD == 1)); then
    _${name}_words '${[...commands.map((command) => command.name()), ...own].join(' ')}'
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map((command) => commandCase(documented, command)).join('\n')}
  esac
}
_${name}_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}
_${name}_files() {
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$cur"))
}
_${name}_command_line() {
  if declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif ((COMP_CWORD == $1)); then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -c -- "$cur") $(compgen -f -- "$cur"))
  else
    _${name}_files
  fi
}
complete -F _${name} ${name}
`
}

function commandCase(documented: DocumentedProgram, command: Command): string {
  const flags = flagsOf(documented, command)
  const operands = documented.operandsOf(command)
  const lines = [
    ...(operands.type === 'command-line' ? commandLine(documented, flags) : []),
    ...valueCases(documented, flags),
    `if [[ $cur == -* ]]; then _${documented.program.name()}_words '${flags.flatMap(spellings).join(' ')}'`,
    `else ${offer(documented, operands, flags)}; fi`,
  ]
  return [`    ${command.name()})`, ...lines.map((line) => `      ${line}`), '      ;;'].join('\n')
}

/** The first word that is neither a flag nor the value of one begins a command line. */
function commandLine({ program }: DocumentedProgram, flags: readonly Flag[]): string[] {
  const taking = flags.filter(({ values }) => values.type !== 'none').flatMap(spellings)
  return [
    'for ((i = 2; i < COMP_CWORD; i++)); do',
    `  case \${COMP_WORDS[i]} in`,
    `    ${taking.join('|')}) ((i++)); [[ \${COMP_WORDS[i]} == '=' ]] && ((i++)) ;;`,
    '    --) ((i++)); break ;;',
    '    -*) ;;',
    '    *) break ;;',
    '  esac',
    'done',
    `if ((i < COMP_CWORD)) || [[ $prev == -- ]]; then _${program.name()}_command_line "$i"; return; fi`,
  ]
}

function valueCases(documented: DocumentedProgram, flags: readonly Flag[]): string[] {
  const taking = flags.filter(({ values }) => values.type !== 'none')
  if (taking.length === 0) return []
  return [
    'case $prev in',
    ...taking.map(
      (flag) => `  ${spellings(flag).join('|')}) ${offer(documented, flag.values, flags)}; return ;;`,
    ),
    'esac',
  ]
}

function offer({ program }: DocumentedProgram, values: Values, flags: readonly Flag[]): string {
  const name = program.name()
  switch (values.type) {
    case 'none':
      return `_${name}_words '${flags.flatMap(spellings).join(' ')}'`
    case 'any':
      return ':'
    case 'files':
      return `_${name}_files`
    case 'choices':
      return `_${name}_words '${values.choices.join(' ')}'`
    case 'printed':
      return `_${name}_words "$("\${COMP_WORDS[0]}" ${values.by} 2>/dev/null)"`
    case 'command-line':
      return `_${name}_command_line "$i"`
  }
}

function spellings({ long, short }: Flag): string[] {
  return short === undefined ? [long] : [short, long]
}
