import type { Command } from 'commander'

/**
 * Finds a flag of the program after the command that it runs, which goes to that command: `run node server.js --name web`. The user may
 * mean it so. It is not reported if `--` or a flag before the command shows that the user knows the order.
 */
export function strayFlag(command: Command, argv: readonly string[]): string | undefined {
  const before = argv.slice(argv.indexOf(command.name()) + 1, argv.length - command.args.length)
  if (before.length > 0 || command.args[1] === '--') return undefined
  const own = new Set(command.options.map(({ long }) => long))
  return command.args.find((word) => word.startsWith('--') && own.has(word.replace(/=.*$/s, '')))
}
