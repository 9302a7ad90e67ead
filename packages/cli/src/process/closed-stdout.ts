let survives = false

/**
 * Ends the command without an error when its reader has read enough, as in `app status | head`. A closed stderr
 * changes nothing.
 */
export function surviveClosedStdout(): void {
  if (survives) return
  survives = true
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(0)
  })
  process.stderr.on('error', () => {})
}
