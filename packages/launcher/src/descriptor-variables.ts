/*
 * Each names a descriptor that only the started process may use. That process removes the variable from its environment when it
 * reads it, because the variable is not for its children.
 */

/** Names the handover channel, to the predecessor. */
export const handoverVariable = 'SHELLFLIP_HANDOVER'

/** Names the socket to the launcher. */
export const launcherVariable = 'SHELLFLIP_LAUNCHER'
