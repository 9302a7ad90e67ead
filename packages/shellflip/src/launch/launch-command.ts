import { readFileSync, realpathSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path'
import type { LaunchOptions } from '../flip-options.ts'

/** What to execute. Nothing in it is resolved before the spawn, so that a deploy that moves a symlink is followed. */
export type LaunchCommand = {
  readonly file: string
  readonly args: readonly (string | Buffer)[]
  readonly cwd: string
}

/** How this process was started: to be looked at before anyone changes it, by `chdir()`, `process.title` or a deploy. */
const started = {
  cwd: cwdAsTyped(),
  realCwd: process.cwd(),
  node: nodeAsTyped(),
  argv: rawArguments(),
}

/** The command that starts this program again, as its user typed it, and what the options say otherwise. */
export function launchCommand({ file, args, cwd }: LaunchOptions): LaunchCommand {
  return {
    file: file ?? started.node,
    args: args ?? argumentsAsTyped(),
    cwd: cwd ?? started.cwd,
  }
}

/** PWD is the shell's word for where we are, symlinks in it as typed; the kernel's has none left. */
function cwdAsTyped(): string {
  const cwd = process.cwd()
  const { PWD } = process.env
  return PWD !== undefined && isAbsolute(PWD) && realPathOf(PWD) === cwd ? PWD : cwd
}

/** `process.execPath` has no symlinks left; what was typed, or what PATH has under that name, may have some. */
function nodeAsTyped(): string {
  const { argv0, execPath, env } = process
  const cwd = cwdAsTyped()
  const candidates = argv0.includes(sep)
    ? [resolve(cwd, argv0)]
    : (env.PATH ?? '').split(delimiter).map((folder) => resolve(cwd, join(folder, argv0)))
  return candidates.find((candidate) => realPathOf(candidate) === execPath) ?? execPath
}

function argumentsAsTyped(): (string | Buffer)[] {
  const [, script, ...rest] = process.argv
  const args = [...process.execArgv, ...(script === undefined ? [] : [script]), ...rest]
  const raw = started.argv.slice(1)
  const isOurs =
    raw.length === args.length &&
    raw.every((bytes, index) => index === process.execArgv.length || bytes.toString() === args[index])
  return args.map((arg, index) => {
    const bytes = isOurs ? raw[index] : undefined
    if (index === process.execArgv.length && script !== undefined) return scriptAsTyped(script, bytes)
    return bytes === undefined || Buffer.from(arg).equals(bytes) ? arg : bytes
  })
}

/** Node has made it absolute, by a working directory without symlinks. */
function scriptAsTyped(script: string, bytes: Buffer | undefined): string | Buffer {
  if (bytes !== undefined) return bytes.toString() === script ? script : relativeTo(script, bytes)
  const { cwd, realCwd } = started
  return script.startsWith(realCwd + sep) ? join(cwd, script.slice(realCwd.length)) : script
}

/** As typed, if that is where Node has found it: it may have been given by other means. */
function relativeTo(script: string, bytes: Buffer): string | Buffer {
  const typed = bytes.toString()
  if (resolve(started.realCwd, typed) !== script) return script
  return Buffer.from(typed).equals(bytes) ? resolve(started.cwd, typed) : bytes
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** The bytes of our arguments: what is not UTF-8 in them does not survive in `process.argv`. */
function rawArguments(): Buffer[] {
  if (process.platform !== 'linux') return []
  const all = readFileSync('/proc/self/cmdline')
  const parts: Buffer[] = []
  for (let start = 0; start < all.length; ) {
    const end = all.indexOf(0, start)
    parts.push(all.subarray(start, end === -1 ? all.length : end))
    start = end === -1 ? all.length : end + 1
  }
  return parts
}
