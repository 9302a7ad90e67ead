import { join, resolve, sep } from 'node:path'
import { inBytes, type WorkingDirectory } from '@shellflip/internal'

/** The command line of this process, as Node and the kernel report it. */
export type CommandLine = {
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  /** In bytes, without the program. Undefined if only Node knows it. */
  readonly raw: readonly Buffer[] | undefined
  readonly cwd: WorkingDirectory
  /** Whether the program is a single executable application. */
  readonly isSea: boolean
  /** Whether a second reader of standard input would miss nothing, because it is /dev/null. */
  readonly isStdinEmpty: boolean
}

/** The arguments that start this program again. */
export type TypedArguments = {
  /** Node's own. */
  readonly options: readonly (string | Buffer)[]
  /** The script, and its arguments. */
  readonly rest: readonly (string | Buffer)[]
}

/**
 * Finds the arguments as they were typed. Node changes them: it makes the script's path absolute, by a working directory without symlinks.
 * Bytes that are not UTF-8 are lost.
 *
 * @returns undefined if no command starts this program again: it was read from standard input, or typed into a REPL
 */
export function typedArguments(line: CommandLine): TypedArguments | undefined {
  const { argv, execArgv, raw, isSea, isStdinEmpty } = line
  // Node puts the executable in the place of the script. Its configuration may turn arguments of a single executable into Node's options.
  if (isSea) return { options: [], rest: raw ?? argv.slice(2) }
  const [script, ...args] = argv.slice(1)
  const isEvaluated = execArgv.some((arg) => /^(-e|-p|-pe|--eval|--print)$|^--(eval|print)=/.test(arg))
  const bytes = bytesOf(line)
  const options = execArgv.map((arg, index) => inBytes(arg, bytes?.[index]))
  const ofProgram = bytes?.slice(execArgv.length)
  if (isEvaluated) {
    const rest = argv.slice(1).map((arg, index) => inBytes(arg, ofProgram?.[index]))
    // Without `--` Node takes an argument of the program for its own option.
    return { options, rest: rest.length === 0 ? [] : ['--', ...rest] }
  }
  const isFile = script !== undefined && script !== '-'
  if (!isFile && !isStdinEmpty) return undefined
  if (script === undefined) return { options, rest: [] }
  const [first, ...others] = ofProgram ?? []
  return {
    options,
    rest: [
      isFile ? scriptAsTyped(script, first, line.cwd) : script,
      ...args.map((arg, index) => inBytes(arg, others[index])),
    ],
  }
}

/** Returns the kernel's arguments, if they are the same. `process.title` overwrites them, and some programs change `process.argv`. */
function bytesOf({ argv, execArgv, raw }: CommandLine): readonly Buffer[] | undefined {
  if (raw === undefined) return undefined
  const expected = [...execArgv, ...argv.slice(1)]
  // Node drops the `--` that ends its own options.
  const typed = raw.filter((bytes, index) => index !== execArgv.length || bytes.toString() !== '--')
  const isSame =
    typed.length === expected.length &&
    typed.every((bytes, index) => index === execArgv.length || bytes.toString() === expected[index])
  return isSame ? typed : undefined
}

function scriptAsTyped(
  script: string,
  bytes: Buffer | undefined,
  { typed: cwd, real }: WorkingDirectory,
): string | Buffer {
  if (bytes !== undefined) return bytes.toString() === script ? script : relativeTo(script, bytes, cwd, real)
  if (typeof cwd !== 'string' || real === undefined || !script.startsWith(real + sep)) return script
  return join(cwd, script.slice(real.length))
}

/** Returns the script's path as typed, if Node found it there. The script may have been given by other means. */
function relativeTo(
  script: string,
  bytes: Buffer,
  cwd: string | Buffer | undefined,
  real: string | undefined,
): string | Buffer {
  const typed = bytes.toString()
  if (real === undefined || resolve(real, typed) !== script) return script
  if (!Buffer.from(typed).equals(bytes)) return bytes
  return typeof cwd === 'string' ? resolve(cwd, typed) : typed
}
