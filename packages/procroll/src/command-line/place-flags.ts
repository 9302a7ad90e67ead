import { type Command, Option } from 'commander'
import { flag } from './flags.ts'

/** Lets a command name the supervisor that it means. */
export function addPlace(command: Command): Command {
  return command.addOption(placeName((text) => text)).addOption(controlSocket())
}

export function placeName(parse: (text: string) => string): Option {
  return flag('--name <name>', 'the name of the supervisor', parse).conflicts('controlSocket')
}

export function controlSocket(): Option {
  return new Option('--control-socket <path>', 'where it is asked, instead of a name')
}
