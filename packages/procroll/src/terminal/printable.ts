const NAMED: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** Neither a letter, mark, number, punctuation, symbol nor the space: what Go's unicode.IsPrint says no to. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/**
 * Text of others (STATUS of a generation, arguments, paths) as a terminal or a log may show it: what could move
 * the cursor, colour, end the line or turn the writing direction is spelled as in a Go string.
 */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => NAMED[character] ?? escapeCode(character))
}

function escapeCode(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}
