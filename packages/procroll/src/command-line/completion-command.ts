import { document, type Report } from '@shellflip/cli/commands'
import { usageError } from '@shellflip/cli/errors'
import { Argument, type Command } from 'commander'
import { EXIT_DONE, EXIT_USAGE } from '../exit-status.ts'
import { exitStatusSection } from './shared-sections.ts'

const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export function addCompletion(program: Command, report: Report): void {
  const command = program
    .command('completion')
    .summary('print the completion script for a shell')
    .description('Prints the script that completes commands, flags and names of supervisors in a shell.')
    // No `choices`: the help would show the word that only the scripts use.
    .addArgument(new Argument('<shell>', shells.join(', ')).argParser(parseShell))
    .usage(`<${shells.join('|')}>`)
    .action(async (word: Shell | typeof NAMES) => {
      const { printCompletion, printNames } = await import('../commands/completion.ts')
      report(word === NAMES ? printNames() : printCompletion(word))
    })
  document(command, [
    exitStatusSection([EXIT_DONE, EXIT_USAGE]),
    {
      title: 'Examples',
      lines: [
        'procroll completion bash > /etc/bash_completion.d/procroll',
        'procroll completion zsh > /usr/local/share/zsh/site-functions/_procroll',
        'procroll completion fish > ~/.config/fish/completions/procroll.fish',
      ],
    },
  ])
}

/** The word by which the completion scripts list the values of `--name`. */
const NAMES = 'names'

function parseShell(text: string): Shell | typeof NAMES {
  const known = [...shells, NAMES] as const
  const shell = known.find((name) => name === text)
  if (shell === undefined) throw usageError(`"${text}" is not a shell with completion: ${shells.join(', ')}`)
  return shell
}
