/** Tells whether lines can be redrawn there: a dumb terminal knows no control sequences. */
export function isLive(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb'
}
