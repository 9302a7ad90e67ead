import { lateExpression } from './late-expression.ts'

const NAMED: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** Matches the text that most messages consist of. The search for Unicode's categories is far slower to build. */
const PLAIN = /^[ -~]*$/

/** Matches what Go's unicode.IsPrint refuses: anything but letters, marks, numbers, punctuation, symbols and the space. */
const unprintable = lateExpression('[^\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]', 'gu')

/**
 * Escapes, as a Go string does, each character that a terminal could obey. Such a character moves the cursor, sets a colour, ends the
 * line or turns the writing direction. All outside text passes through here on its way to a terminal or a log.
 */
export function escapeUnprintable(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(unprintable(), (character) => NAMED[character] ?? escapeCode(character))
}

/** Puts text from outside into one line: white space becomes a space, and what a terminal could obey is escaped. */
export function oneLine(text: string): string {
  return escapeUnprintable(text.replace(/\s+/g, ' ').trim())
}

function escapeCode(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x1_0000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}
