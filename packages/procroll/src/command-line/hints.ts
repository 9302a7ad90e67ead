import type { Hints } from '@shellflip/cli/commands'

/** The words that other tools have for a command of procroll. */
const OTHER_WORDS: Record<string, readonly string[]> = {
  run: ['start', 'serve', 'exec', 'launch', 'supervise', 'up'],
  roll: ['restart', 'reload', 'upgrade', 'update', 'deploy', 'graceful', 'rollout', 'replace'],
  status: ['list', 'ls', 'ps', 'show', 'info', 'top', 'jlist', 'describe', 'watch', 'monit'],
  stop: ['kill', 'quit', 'down', 'shutdown', 'end', 'delete', 'del', 'rm', 'terminate', 'halt'],
}

const LOG_WORDS = ['log', 'logs', 'tail', 'journal']

/** Suggests what the user may have meant by a wrong command line. */
export const hints: Hints = {
  otherWord(word) {
    if (LOG_WORDS.includes(word)) {
      return 'procroll logs to its stderr. Under systemd, read it by: journalctl -u UNIT'
    }
    const [command] = Object.entries(OTHER_WORDS).find(([, words]) => words.includes(word)) ?? []
    return command && `Did you mean procroll ${command}?`
  },
  unknownWord(word) {
    if (/[./]/.test(word)) return `To run a program: procroll run -- ${word}`
    return `If it is a supervisor: procroll status --name ${word}. If it is a program: procroll run -- ${word}`
  },
  operand(command, word) {
    const flag = word.includes('/') ? '--control-socket' : '--name'
    if (!command.options.some(({ long }) => long === flag)) return undefined
    return `Did you mean procroll ${command.name()} ${flag} ${word}?`
  },
}
