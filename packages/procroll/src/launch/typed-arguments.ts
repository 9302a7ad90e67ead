import { type Bytes, readProc, textOr } from '@shellflip/internal'

/**
 * Gives arguments of this process back the bytes that they were typed in: Node makes U+FFFD of what is not UTF-8.
 *
 * @param argv the last arguments of the command line
 */
export function typedArguments(argv: readonly string[], cmdline = readProc('cmdline')): Bytes[] {
  const typed = argv.length === 0 ? [] : (cmdline?.slice(-argv.length) ?? [])
  return argv.map((text, index) => {
    const bytes = typed[index]
    return bytes?.toString() === text ? textOr(bytes) : text
  })
}
