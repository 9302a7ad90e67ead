import { readGoString } from './string-literal.ts'

/** Returns the text of a field of the template. */
export type TemplateValues<Field extends string> = Readonly<Record<Field, string | number>>

/** Literal text, and the fields between it: the part of Go's text/template that a command line needs. */
export type Template<Field extends string> = readonly Part<Field>[]

type Part<Field extends string> = string | { field: Field }

/** Reports a template that cannot be parsed. `column` counts characters from 1. */
export class TemplateSyntaxError extends Error {
  override readonly name = 'TemplateSyntaxError'
  readonly column: number

  constructor(column: number, message: string) {
    super(message)
    this.column = column
  }
}

/** The blanks of Go's lexer. A trim marker cuts the same four from the text. */
const BLANK = ' \\t\\r\\n'
const OPENING = new RegExp(`\\{\\{(-[${BLANK}])?`, 'g')
const CLOSING = new RegExp(`[${BLANK}]*?([${BLANK}]-)?\\}\\}`, 'y')
const COMMENT_CLOSING = new RegExp(`\\*/([${BLANK}]-)?\\}\\}`, 'g')
const BLANKS = new RegExp(`[${BLANK}]*`, 'y')
const LEADING_BLANKS = new RegExp(`^[${BLANK}]+`)
const TRAILING_BLANKS = new RegExp(`[${BLANK}]+$`)
const WORD = /[^\s{}"`|()]+/y

/**
 * Parses an argument as Go's text/template would: `{{.PID}}`, `{{- .Generation -}}`, `{{/* a comment *\/}}`, and, for a literal `{{`,
 * `{{"{{"}}` or `` {{`{{`}} ``.
 *
 * @param fields those that the template may name
 * @throws {TemplateSyntaxError} if the syntax is another one
 */
export function parseTemplate<Field extends string>(
  source: string,
  fields: readonly Field[],
): Template<Field> {
  const parts: Part<Field>[] = []
  let position = 0
  let trimNext = false
  const addText = (end: number, trimEnd: boolean) => {
    let text = source.slice(position, end)
    if (trimNext) text = text.replace(LEADING_BLANKS, '')
    if (trimEnd) text = text.replace(TRAILING_BLANKS, '')
    if (text !== '') parts.push(text)
  }

  OPENING.lastIndex = 0
  for (let opening = OPENING.exec(source); opening !== null; opening = OPENING.exec(source)) {
    addText(opening.index, opening[1] !== undefined)
    const action = readAction(source, fields, opening.index, OPENING.lastIndex)
    if (action.part !== undefined && action.part !== '') parts.push(action.part)
    position = action.end
    trimNext = action.trimNext
    OPENING.lastIndex = position
  }
  addText(source.length, false)
  return parts
}

export function renderTemplate<Field extends string>(
  template: Template<Field>,
  values: TemplateValues<Field>,
): string {
  return template.map((part) => (typeof part === 'string' ? part : values[part.field])).join('')
}

type Action<Field extends string> = { part?: Part<Field>; end: number; trimNext: boolean }

function readAction<Field extends string>(
  source: string,
  fields: readonly Field[],
  opening: number,
  start: number,
): Action<Field> {
  if (source.startsWith('/*', start)) return readComment(source, opening, start)
  const operand = skipBlanks(source, start)
  const { part, length } = readOperand(source, fields, opening, operand)
  CLOSING.lastIndex = operand + length
  const closing = CLOSING.exec(source)
  if (closing !== null) return { part, end: CLOSING.lastIndex, trimNext: closing[1] !== undefined }

  const after = skipBlanks(source, operand + length)
  if (source.indexOf('}}', after) === -1) throw syntaxError(source, opening, 'this {{ is not closed by }}')
  throw syntaxError(source, after, 'only one field or string may stand between {{ and }}')
}

function readComment(source: string, opening: number, start: number): Action<never> {
  COMMENT_CLOSING.lastIndex = start + 2
  const closing = COMMENT_CLOSING.exec(source)
  if (closing === null) throw syntaxError(source, opening, 'this comment is not closed by */}}')
  return { end: COMMENT_CLOSING.lastIndex, trimNext: closing[1] !== undefined }
}

function readOperand<Field extends string>(
  source: string,
  fields: readonly Field[],
  opening: number,
  start: number,
): { part: Part<Field>; length: number } {
  if (source[start] === '"' || source[start] === '`') {
    const literal = readGoString(source, start)
    if ('problem' in literal) throw syntaxError(source, literal.at, literal.problem)
    return { part: literal.value, length: literal.length }
  }
  if (source.indexOf('}}', start) === -1) throw syntaxError(source, opening, 'this {{ is not closed by }}')
  WORD.lastIndex = start
  const word = WORD.exec(source)?.[0]
  if (word === undefined) throw syntaxError(source, start, 'a field is missing between {{ and }}')
  const field = fields.find((name) => word === `.${name}`)
  if (field !== undefined) return { part: { field }, length: word.length }
  throw syntaxError(
    source,
    start,
    word.startsWith('.') ? `the field ${word} does not exist` : `"${word}" is not a field`,
  )
}

function skipBlanks(source: string, start: number): number {
  BLANKS.lastIndex = start
  BLANKS.exec(source)
  return BLANKS.lastIndex
}

function syntaxError(source: string, index: number, message: string): TemplateSyntaxError {
  return new TemplateSyntaxError([...source.slice(0, index)].length + 1, message)
}
