/** How the successor is started, where this differs from the command and the environment that started this process. */
export type SuccessorOptions = {
  /**
   * The program. A path is resolved again at each upgrade, symlinks too. It may be a wrapper that starts the service: the reported pid is
   * the service's.
   * @default the Node that runs this, as typed
   */
  file?: string
  /** All of its arguments, passed as they are. @default those of this process: Node's own, the script, the script's */
  args?: readonly string[]
  /** @default the working directory that this process started in, as typed */
  cwd?: string
  /**
   * Changes the environment that this process was started with. The successor gets that environment. Undefined removes a variable. Changes
   * of `process.env` by the program, dotenv or `--env-file` are not passed on.
   */
  env?: Record<string, string | undefined>
}
