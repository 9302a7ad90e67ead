import { type Command, Option } from 'commander'
import { flag } from './flags.ts'

/** Lets a command name the supervisor that it means. */
export function addPlace(command: Command): Command {
  return command
    .addOption(placeName('the name or pid of the supervisor (default: the only one)', (text) => text))
    .addOption(controlSocket('its control socket, instead of a name'))
}

export function placeName(description: string, parse: (text: string) => string): Option {
  return flag('--name <name>', description, parse).conflicts('controlSocket')
}

export function controlSocket(description: string): Option {
  return new Option('--control-socket <path>', description)
}
