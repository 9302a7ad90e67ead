/** Returns whether lines can be redrawn there. A dumb terminal does not support control sequences. */
export function isLive(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb'
}
