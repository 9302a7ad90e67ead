import { readFileSync } from 'node:fs'
import type { Shell } from '../command-line/completion-command.ts'
import { EXIT_DONE } from '../exit-status.ts'
import { places } from '../places.ts'

/** Prints the script that the build made for this shell. */
export function printCompletion(shell: Shell): number {
  process.stdout.write(readFileSync(new URL(`completions/procroll.${shell}`, import.meta.url)))
  return EXIT_DONE
}

/** Prints the supervisors of this user, one name a line, for completion. It never fails: a shell would show the error. */
export function printNames(): number {
  try {
    for (const name of places.running()) if (/^[\w.@-]+$/.test(name)) process.stdout.write(`${name}\n`)
  } catch {}
  return EXIT_DONE
}
