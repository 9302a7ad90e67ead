/** How the successor is started, where that is not by the command and the environment of this process's own start. */
export type LaunchOptions = {
  /**
   * The program. A path is followed anew at each upgrade, symlinks too. It may be a wrapper that starts the service: the
   * pid that is reported is the service's. @default the Node that runs this, as typed
   */
  file?: string
  /** All of its arguments, passed as they are. @default those of this process: Node's own, the script, the script's */
  args?: readonly string[]
  /** @default the working directory that this process started in, as typed */
  cwd?: string
  /**
   * Changes the environment that this process was started with, which is what the successor gets. Undefined removes a
   * variable. What the program, dotenv or `--env-file` has put into `process.env` is not passed on.
   */
  env?: Record<string, string | undefined>
}
