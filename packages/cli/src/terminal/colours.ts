const CODES = { bold: [1, 22], dim: [2, 22], green: [32, 39], yellow: [33, 39], red: [31, 39] } as const

export type Colour = keyof typeof CODES
export type Paint = (text: string, colour: Colour | undefined) => string

export const plain: Paint = (text) => text

const colourful: Paint = (text, colour) => {
  if (colour === undefined || text === '') return text
  const [on, off] = CODES[colour]
  return `\x1b[${on}m${text}\x1b[${off}m`
}

/** Colours a text where the stream is a terminal that shows them. NO_COLOR and FORCE_COLOR decide before it. */
export function paintFor(
  stream: { isTTY?: boolean },
  { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): Paint {
  // https://no-color.org: any value but the empty one.
  if (NO_COLOR) return plain
  if (FORCE_COLOR !== undefined) return FORCE_COLOR === '0' || FORCE_COLOR === 'false' ? plain : colourful
  return stream.isTTY === true && TERM !== 'dumb' ? colourful : plain
}
