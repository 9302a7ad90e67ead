import type { Command } from 'commander'
import {
  briefly,
  commandsOf,
  type DocumentedProgram,
  type Flag,
  flagsOf,
  type Values,
} from './documented-program.ts'

/** Writes a zsh completion by `_arguments`, as zshcompsys(1) describes it. */
export function zshCompletion(documented: DocumentedProgram): string {
  const { program } = documented
  const name = program.name()
  const commands = commandsOf(documented)
  const described = commands.map((command) => quote(`${command.name()}:${colonless(command.summary())}`))
  return `#compdef ${name}
# zsh completion for ${name}, generated from its commands
_${name}() {
  local context state state_descr line program=$words[1]
  typeset -A opt_args
  local -a commands=(
${described.map((line) => `    ${line}`).join('\n')}
  )
  _arguments -C \\
${continued(flagsOf(documented, program).map(specification))}
    '1:command:->command' \\
    '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
${commands.map((command) => commandCase(documented, command)).join('\n')}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`
}

function commandCase(documented: DocumentedProgram, command: Command): string {
  const operands = documented.operandsOf(command)
  const rest =
    operands.type === 'none'
      ? []
      : operands.type === 'command-line'
        ? [`'(-)1:command:_command_names -e'`, `'*::argument:_normal'`]
        : [quote(`1:argument:${action(operands)}`)]
  const specifications = [...flagsOf(documented, command).map(specification), ...rest]
  return `        ${command.name()})\n          _arguments -S \\\n${specifications.map((line) => `            ${line}`).join(' \\\n')}\n          ;;`
}

function continued(lines: readonly string[]): string {
  return lines.map((line) => `    ${line} \\`).join('\n')
}

/** `(-V --version)'{-V,--version}'[print the version]`, or `--name=[the name]:name:action`. */
function specification({ long, short, description, values, isRepeatable }: Flag): string {
  const text = `[${briefly(description).replace(/[\\[\]]/g, '\\$&')}]`
  const value = values.type === 'none' ? '' : `:${long.slice(2)}:${action(values)}`
  const spelling = values.type === 'none' ? long : `${long}=`
  if (isRepeatable) return quote(`*${spelling}${text}${value}`)
  if (short === undefined) return quote(`${spelling}${text}${value}`)
  return `${quote(`(${short} ${long})`)}{${short},${spelling}}${quote(`${text}${value}`)}`
}

function action(values: Values): string {
  switch (values.type) {
    case 'none':
    case 'any':
      return ' '
    case 'files':
      return '_files'
    case 'choices':
      return `(${values.choices.join(' ')})`
    case 'printed':
      return `{compadd -- \${(f)"$($program ${values.by} 2>/dev/null)"}}`
    case 'command-line':
      return '_normal'
  }
}

function colonless(text: string): string {
  return text.replace(/:/g, '\\:')
}

function quote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`
}
