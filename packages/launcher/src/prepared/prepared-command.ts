import { readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeOptionWords, quoted } from '../command/inspector-options.ts'
import type { LaunchCommand } from '../command/launch-command.ts'
import { preparedVariable } from '../descriptor-variables.ts'

/** The file that Node loads first. It is beside this one in `dist`. */
export const preparedNode = fileURLToPath(new URL('./prepared-node.cjs', import.meta.url))

const inspector = /^--(inspect|debug)([-_]|=|$)/
const preloading = /^(-r|--require|--import|--loader|--experimental-loader)(=|$)/

/**
 * Returns the command that boots Node and waits. It differs from the other one in its environment only, so that both have the same
 * arguments.
 */
export function preparedCommand(command: LaunchCommand): LaunchCommand {
  const nodeOptions = command.env.get('NODE_OPTIONS') ?? Buffer.alloc(0)
  const env = new Map(command.env)
    .set(preparedVariable, nodeOptions)
    .set('NODE_OPTIONS', Buffer.concat([Buffer.from(`--require ${quoted(preparedNode)} `), nodeOptions]))
  return { ...command, env }
}

/** Returns why a prepared process would differ from a fresh one, or undefined. */
export function unpreparable(command: LaunchCommand): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (typeof command.cwd !== 'string') return 'the working directory is not UTF-8'
  if (process.getBuiltinModule('node:sea').isSea()) return 'the program is a single executable application'
  if (realPathOf(command.file) !== process.execPath)
    return `${command.file} is not the Node that runs this process (${process.execPath})`
  if (optionsOf(command).some((option) => inspector.test(option)))
    return 'an option of the inspector would open its port too early'
  if (ignoresNodeOptions()) return 'Node ignores NODE_OPTIONS, because its file has capabilities or setuid'
  return undefined
}

/** Reports whether code of the program comes before its main module. It may change how modules are loaded. */
export function preloads(command: LaunchCommand): boolean {
  return optionsOf(command).some((option) => preloading.test(option))
}

/** Returns Node's options, with the arguments of the program. A word of the program that looks like an option does no harm. */
export function optionsOf({ args, env }: LaunchCommand): string[] {
  const nodeOptions = env.get('NODE_OPTIONS')?.toString('latin1') ?? ''
  return [...nodeOptionWords(nodeOptions), ...args.map(String)]
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** AT_SECURE of getauxval(3). A successor is started from the same file as this process. */
const atSecure = 23n

function ignoresNodeOptions(): boolean {
  try {
    const words = readFileSync('/proc/self/auxv')
    for (let at = 0; at + 16 <= words.length; at += 16) {
      if (words.readBigUInt64LE(at) === atSecure) return words.readBigUInt64LE(at + 8) !== 0n
    }
  } catch {
    // A process that has changed its user cannot read this.
  }
  return false
}
