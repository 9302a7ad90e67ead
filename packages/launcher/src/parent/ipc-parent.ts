/**
 * The process that has forked this one with an IPC channel: pm2, nodemon, `child_process.fork()`. It may wait for `ready` (pm2
 * `--wait-ready`). It may stop us by a message instead of a signal (pm2 `--shutdown-with-message`).
 */
export class IpcParent {
  readonly #hear: (message: unknown) => void

  /** @returns undefined if no process has forked this one with a channel */
  static find(onShutdown: () => void): IpcParent | undefined {
    return process.connected === true ? new IpcParent(onShutdown) : undefined
  }

  private constructor(onShutdown: () => void) {
    this.#hear = (message) => {
      if (message === 'shutdown') onShutdown()
    }
    process.on('message', this.#hear)
  }

  /** Reports that the service is ready. A parent that has closed the channel does not need the report. */
  ready(): void {
    if (process.connected === true) process.send?.('ready', undefined, undefined, () => {})
  }

  /** Stops the channel from keeping this process alive. */
  leave(): void {
    process.off('message', this.#hear)
    process.channel?.unref()
  }
}
