/**
 * The processes whose messages a manager accepts: none, the main process, also the control processes (`exec`), or all processes of the
 * service. systemd.service(5), `NotifyAccess=`.
 */
export type NotifyAccess = 'none' | 'main' | 'exec' | 'all'

/** One datagram of the sd_notify protocol. Every key is optional. See sd_notify(3). */
export type NotifyMessage = {
  /** `READY=1`: started, or done with reloading. */
  ready?: true
  /** `RELOADING=1`: to be followed by `ready`, also after a reload that failed. */
  reloading?: true
  /** `STOPPING=1`: final from systemd v259 on. */
  stopping?: true
  /** `MONOTONIC_USEC`: CLOCK_MONOTONIC in microseconds. `Type=notify-reload` (v253) requires it beside `reloading`. */
  monotonicUsec?: bigint
  /** `STATUS`: one line for people. An empty one clears it. Line breaks and control characters become spaces. */
  status?: string
  /** `ERRNO`: why the service failed, as errno(3), 0 to 4095. */
  errno?: number
  /** `BUSERROR`: why the service failed, as a D-Bus error name. */
  busError?: string
  /** `VARLINKERROR`: why the service failed, as a Varlink error name (v257). */
  varlinkError?: string
  /** `EXIT_STATUS`: 0 to 255. */
  exitStatus?: number
  /** `MAINPID`: the service's main process from now on. */
  mainPid?: number
  /** `RESTART_RESET=1`: resets the manager's restart counter and delay (v258). */
  restartReset?: true
  /** `WATCHDOG`: `ping` (on the wire `1`) is a keep-alive, `trigger` requests to be treated as hung. */
  watchdog?: 'ping' | 'trigger'
  /** `WATCHDOG_USEC`: a new watchdog timeout in microseconds. A value above 2^53 is read as 2^53 - 1. */
  watchdogUsec?: number
  /** `EXTEND_TIMEOUT_USEC`: more time to start, reload or stop, in microseconds from now. */
  extendTimeoutUsec?: number
  /** `NOTIFYACCESS`: changes whose messages count (v254). */
  notifyAccess?: NotifyAccess
  /** `FDSTORE=1`: keep the fds of this message. */
  fdStore?: true
  /** `FDSTOREREMOVE=1`: close the stored fds named `fdName`. */
  fdStoreRemove?: true
  /** `FDNAME`: 1 to 255 printable ASCII characters, no `:`. systemd's default is `stored`. */
  fdName?: string
  /** `FDPOLL=0`: keep a stored fd even after it hung up. */
  fdPoll?: false
  /** `BARRIER=1`: sent alone with one fd, which the manager closes once it processed all before (v246). */
  barrier?: true
  /** `MAINPIDFD=1`: the message's fd is a pidfd of the new main process. */
  mainPidFd?: true
  /** `MAINPIDFDID`: the inode of that pidfd. */
  mainPidFdId?: bigint
  /** The service's own keys. They begin with `X_`. */
  custom?: Record<`X_${string}`, string>
  /** Keys that this version does not know. A supervisor can pass them on to a newer manager that understands them. */
  unknown?: Record<string, string>
}

/** As much as one datagram may hold: 64 KiB. systemd before v256 reads 4 KiB and drops what is longer. */
export const maxDatagramBytes = 64 * 1024
