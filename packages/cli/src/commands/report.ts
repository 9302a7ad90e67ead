/** Takes the exit status of the command that ran. */
export type Report = (exitCode: number) => void
