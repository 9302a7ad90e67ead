export { SdNotifyError, type SdNotifyErrorCode } from './errors.ts'
export { formatMessage } from './format-message.ts'
export { listenEnvironment } from './listen-environment.ts'
export { type ListenFdsOptions, listenFds } from './listen-fds.ts'
export { maxDatagramBytes, type NotifyAccess, type NotifyMessage } from './message.ts'
export {
  Notifier,
  type NotifierEnvironmentOptions,
  type NotifierOptions,
  type StoreFdOptions,
} from './notifier.ts'
export { isAllowed } from './notify-access.ts'
export type { NotifyOutcome } from './notify-outcome.ts'
export { type Notification, NotifySocket, type NotifySocketOptions } from './notify-socket.ts'
export { parseMessage } from './parse-message.ts'
export { watchdogIntervalMs } from './watchdog-interval.ts'
export { type WatchdogEnvironmentOptions, WatchdogPinger } from './watchdog-pinger.ts'
