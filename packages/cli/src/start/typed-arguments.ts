import { type Bytes, inBytes, readProc } from '@shellflip/internal'

/**
 * Restores the bytes in which the arguments of this process were typed. Node replaces bytes that are not UTF-8 by U+FFFD.
 *
 * @param argv the last arguments of the command line
 */
export function typedArguments(argv: readonly string[], cmdline = readProc('cmdline')): Bytes[] {
  const typed = argv.length === 0 ? [] : (cmdline?.slice(-argv.length) ?? [])
  return argv.map((text, index) => inBytes(text, typed[index]))
}
