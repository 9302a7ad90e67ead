import { type Colour, type Paint, plain } from './colours.ts'
import { cutToWidth } from './text-width.ts'

/** A piece of a line. A plain string is not coloured. */
export type Segment = string | { text: string; colour: Colour | undefined }

export type Layout = {
  /** Terminal columns. Longer lines are cut. @default lines are not cut */
  width?: number
  paint?: Paint
}

export function textOf(segment: Segment = ''): string {
  return typeof segment === 'string' ? segment : segment.text
}

/** Formats a line. It cuts before it colours: escape sequences do not have a width, and must not be torn. */
export function formatLine(
  segments: readonly Segment[],
  { width = Number.POSITIVE_INFINITY, paint = plain }: Layout = {},
): string {
  let rest = cutToWidth(segments.map(textOf).join('').trimEnd(), width)
  let line = ''
  for (const segment of segments) {
    const part = rest.slice(0, textOf(segment).length)
    rest = rest.slice(part.length)
    line += paint(part, typeof segment === 'string' ? undefined : segment.colour)
  }
  return line + rest
}
