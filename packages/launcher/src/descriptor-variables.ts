/*
 * Each names a descriptor that only the started process may use. That process removes the variable from its environment when it
 * reads it, because the variable is not for its children.
 */

/** Names the handover channel, to the predecessor. */
export const handoverVariable = 'SHELLFLIP_HANDOVER'

/** Names the socket to the launcher. */
export const launcherVariable = 'SHELLFLIP_LAUNCHER'

/** Makes a process wait for the upgrade before it runs the program. Its value is the NODE_OPTIONS of the program. */
export const preparedVariable = 'SHELLFLIP_PREPARED'

/** The variables that the Rust crate shellflip (2.x) sets for the successor that it starts. `@shellflip/upgrader/rust` reads them. */
export const rustVariables = {
  /** The pipe on which the successor writes one byte when it is ready. */
  notify: 'OXY_NOTIFY_SOCKET',
  /** The pipe with the application's own bytes. */
  handover: 'OXY_HANDOVER_PIPE',
  /** The listener of the restart protocol. */
  control: 'OXY_RESTART_SOCKET',
} as const
