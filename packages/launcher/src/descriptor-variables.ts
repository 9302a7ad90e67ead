/*
 * Each tells a process that was started which of its descriptors is for it alone. It is taken out of the environment when it
 * is read, since it is not for that process's children.
 */

/** The handover channel, to the predecessor. */
export const handoverVariable = 'SHELLFLIP_HANDOVER'

/** The socket to the launcher. */
export const launcherVariable = 'SHELLFLIP_LAUNCHER'
