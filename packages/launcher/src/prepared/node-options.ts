import { nodeOptionWords } from '../command/inspector-options.ts'
import type { LaunchCommand } from '../command/launch-command.ts'

/** Returns Node's own options: those of NODE_OPTIONS, and those before the script. It has all arguments if nobody knows which are Node's. */
export function nodeOptionsOf({ args, optionCount, env }: LaunchCommand): string[] {
  const nodeOptions = env.get('NODE_OPTIONS')?.toString('latin1') ?? ''
  return [...nodeOptionWords(nodeOptions), ...args.slice(0, optionCount).map(String)]
}
