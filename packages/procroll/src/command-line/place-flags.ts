import { type Command, Option } from 'commander'

/** Lets a command name the supervisor that it means. */
export function addPlace(command: Command): Command {
  return command
    .addOption(placeName('the name or pid of the supervisor (default: the only one)'))
    .addOption(controlSocket('its control socket, instead of a name'))
}

export function placeName(description: string): Option {
  return new Option('--name <name>', description).conflicts('controlSocket')
}

export function controlSocket(description: string): Option {
  return new Option('--control-socket <path>', description)
}
