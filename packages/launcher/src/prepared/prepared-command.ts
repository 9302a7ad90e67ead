import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { quoted } from '../command/inspector-options.ts'
import type { LaunchCommand } from '../command/launch-command.ts'
import { preparedVariable } from '../descriptor-variables.ts'
import { setsNodeOptionsByFile } from './boot-files.ts'
import { nodeOptionsOf } from './node-options.ts'

/** Returns the file that Node loads first. It is beside this one in `dist`. A bundle may have no such file, and no such URL. */
export function preparedNode(): string {
  return fileURLToPath(new URL('./prepared-node.cjs', import.meta.url))
}

const inspector = /^--(inspect|debug)([-_]|=|$)/
const configFile = /^--experimental-(default-)?config-file(=|$)/
const preloading = /^(-r|--require|--import|--loader|--experimental-loader)(=|$)/

/**
 * Returns the command that boots Node and waits. It differs from the other one in its environment only, so that both have the same
 * arguments.
 */
export function preparedCommand(command: LaunchCommand): LaunchCommand {
  const nodeOptions = command.env.get('NODE_OPTIONS') ?? Buffer.alloc(0)
  const env = new Map(command.env)
    .set(preparedVariable, nodeOptions)
    .set('NODE_OPTIONS', Buffer.concat([Buffer.from(`--require ${quoted(preparedNode())} `), nodeOptions]))
  return { ...command, env }
}

/** Returns why a prepared process would differ from a fresh one, or undefined. */
export function unpreparable(command: LaunchCommand): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux'
  if (typeof command.cwd !== 'string') return 'the working directory is not UTF-8'
  if (process.getBuiltinModule('node:sea').isSea()) return 'the program is a single executable application'
  if (realPathOf(command.file) !== process.execPath)
    return `${command.file} is not the Node that runs this process (${process.execPath})`
  const options = nodeOptionsOf(command)
  if (options.some((option) => inspector.test(option)))
    return 'an option of the inspector would open its port too early'
  if (options.some((option) => configFile.test(option)))
    return 'the options of a configuration file would come in another order'
  if (setsNodeOptionsByFile(command))
    return 'an env file sets NODE_OPTIONS. Set it in the environment instead'
  const { node_without_node_options: isWithout } = process.config.variables as Record<string, unknown>
  if (isWithout) return 'this Node was built without NODE_OPTIONS'
  if (ignoresNodeOptions()) return 'Node ignores NODE_OPTIONS, because its file has capabilities or setuid'
  if (!hasPreparedNode())
    return 'the file prepared-node.cjs of shellflip is missing. Leave shellflip outside of a bundle: esbuild needs --external:shellflip, webpack needs externals'
  return undefined
}

/** Reports whether code of the program comes before its main module. It may change how modules are loaded. */
export function preloads(command: LaunchCommand): boolean {
  return nodeOptionsOf(command).some((option) => preloading.test(option))
}

function hasPreparedNode(): boolean {
  try {
    return existsSync(preparedNode())
  } catch {
    // A bundle in CommonJS has no URL of its own.
    return false
  }
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
