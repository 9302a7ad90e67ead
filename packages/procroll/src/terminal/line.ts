import { type Colour, type Paint, plain } from './colours.ts'
import { cutToWidth } from './text-width.ts'

/** A piece of a line. A plain string has no colour. */
export type Segment = string | { text: string; colour: Colour | undefined }

export type Layout = {
  /** Terminal columns; longer lines are cut. @default none are */
  width?: number
  paint?: Paint
}

export function textOf(segment: Segment = ''): string {
  return typeof segment === 'string' ? segment : segment.text
}

/** Puts a line together. It is cut before it is coloured: escape sequences have no width, and are never torn. */
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
