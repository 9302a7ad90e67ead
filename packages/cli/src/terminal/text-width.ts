import stringWidth from 'string-width'

export { stringWidth }

const graphemes = new Intl.Segmenter()

/** Cuts a text to a width in terminal columns, and marks the cut. A character is never torn. */
export function cutToWidth(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  if (width < 1) return ''
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}
