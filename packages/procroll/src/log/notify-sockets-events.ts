import type { LogLine } from '@shellflip/cli/log'
import type { NotifySocketsEvent } from '@shellflip/rolling-supervisor'

/** Describes what happens to the folder of the notify sockets. */
export function describeNotifySockets(event: NotifySocketsEvent): LogLine {
  switch (event.type) {
    case 'notify-directory-exposed':
      return {
        level: 'WARN',
        message: 'others can replace the notify folder. Choose another --tempdir',
        fields: { reason: event.reason },
      }
    case 'notify-directory-restored':
      return {
        level: 'WARN',
        message: 'folder of the notify sockets was removed, and is created again',
        fields: { path: event.path },
      }
    case 'notify-directory-lost':
      return {
        level: 'ERROR',
        message: 'folder of the notify sockets was removed, and cannot be created again',
        fields: { error: event.error.message },
      }
    case 'notify-socket-restored':
      return {
        level: 'WARN',
        message: 'notify socket was removed, and is created again',
        fields: { generation: event.generation },
      }
    case 'notify-socket-lost':
      return {
        level: 'ERROR',
        message: 'notify socket was removed, and cannot be created again: its watchdog is off',
        fields: { generation: event.generation, error: event.error.message },
      }
  }
}
