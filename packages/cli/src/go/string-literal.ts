/**
 * The string literals of Go's templates: `"…"` with the escapes of the Go language, and `` `…` `` without.
 * They are how an argument holds a literal `{{`.
 */
export type GoString = { value: string; length: number }

const SIMPLE_ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

/** `\x` and octal escapes are bytes in Go: those past ASCII could be half a character, and are not taken. */
const ESCAPE = /\\(?:([abfnrtv\\"])|x([0-7][0-9A-Fa-f])|([01][0-7]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/y

/** Reads the literal at `start` of `text`. Returns the problem if the text there is not a literal. */
export function readGoString(text: string, start: number): GoString | { problem: string; at: number } {
  return text[start] === '`' ? readRaw(text, start) : readQuoted(text, start)
}

function readRaw(text: string, start: number): GoString | { problem: string; at: number } {
  const end = text.indexOf('`', start + 1)
  if (end === -1) return { problem: 'a ` is not closed', at: start }
  return { value: text.slice(start + 1, end).replaceAll('\r', ''), length: end + 1 - start }
}

function readQuoted(text: string, start: number): GoString | { problem: string; at: number } {
  let value = ''
  for (let at = start + 1; at < text.length; ) {
    const character = text[at]
    if (character === '"') return { value, length: at + 1 - start }
    if (character === '\n') break
    if (character !== '\\') {
      value += character
      at += 1
      continue
    }
    ESCAPE.lastIndex = at
    const sequence = ESCAPE.exec(text)
    if (sequence === null) return { problem: 'Go does not have this escape', at }
    const [whole, simple, hex, octal, short, long] = sequence
    const code =
      octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8)
    if (simple === undefined && !isScalarValue(code)) return { problem: 'the character does not exist', at }
    value += simple === undefined ? String.fromCodePoint(code) : SIMPLE_ESCAPES[simple]
    at += whole.length
  }
  return { problem: 'a " is not closed', at: start }
}

function isScalarValue(code: number): boolean {
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
}
