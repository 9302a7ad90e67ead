import { type LogLine, line } from '@shellflip/cli/log'
import type { NotifySocketsEvent } from '@shellflip/rolling-supervisor'

/** Describes what happens to the folder of the notify sockets. */
export function describeNotifySockets(event: NotifySocketsEvent): LogLine {
  switch (event.type) {
    case 'notify-directory-exposed':
      return line('WARN', 'others can replace the notify folder. Choose another --tempdir', {
        reason: event.reason,
      })
    case 'notify-directory-restored':
      return line('WARN', 'folder of the notify sockets was removed, and is created again', {
        path: event.path,
      })
    case 'notify-directory-lost':
      return line('ERROR', 'folder of the notify sockets was removed, and cannot be created again', {
        error: event.error.message,
      })
    case 'notify-socket-restored':
      return line('WARN', 'notify socket was removed, and is created again', { generation: event.generation })
    case 'notify-socket-lost':
      return line('ERROR', 'notify socket was removed, and cannot be created again: its watchdog is off', {
        generation: event.generation,
        error: event.error.message,
      })
  }
}
