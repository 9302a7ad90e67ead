import { readGoString } from './go-string-literal.ts'

/** The fields that a template may name: the part of Go's text/template that a command line needs, spelled as in Go. */
export const TEMPLATE_FIELDS = ['PID', 'Generation', 'NotifySocket'] as const
type TemplateField = (typeof TEMPLATE_FIELDS)[number]
export type TemplateValues = Record<TemplateField, string | number>

/** Literal text, and the fields between it. */
export type Template = readonly (string | { field: TemplateField })[]

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
 * @throws {TemplateSyntaxError} if the syntax is another one
 */
export function parseTemplate(source: string): Template {
  const parts: (string | { field: TemplateField })[] = []
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
    const action = readAction(source, opening.index, OPENING.lastIndex)
    if (action.part !== undefined && action.part !== '') parts.push(action.part)
    position = action.end
    trimNext = action.trimNext
    OPENING.lastIndex = position
  }
  addText(source.length, false)
  return parts
}

export function renderTemplate(template: Template, values: TemplateValues): string {
  return template.map((part) => (typeof part === 'string' ? part : values[part.field])).join('')
}

type Action = { part?: string | { field: TemplateField }; end: number; trimNext: boolean }

function readAction(source: string, opening: number, start: number): Action {
  if (source.startsWith('/*', start)) return readComment(source, opening, start)
  const operand = skipBlanks(source, start)
  const { part, length } = readOperand(source, opening, operand)
  CLOSING.lastIndex = operand + length
  const closing = CLOSING.exec(source)
  if (closing !== null) return { part, end: CLOSING.lastIndex, trimNext: closing[1] !== undefined }

  const after = skipBlanks(source, operand + length)
  if (source.indexOf('}}', after) === -1) throw syntaxError(source, opening, 'this {{ is not closed by }}')
  throw syntaxError(source, after, 'only one field or string may stand between {{ and }}')
}

function readComment(source: string, opening: number, start: number): Action {
  COMMENT_CLOSING.lastIndex = start + 2
  const closing = COMMENT_CLOSING.exec(source)
  if (closing === null) throw syntaxError(source, opening, 'this comment is not closed by */}}')
  return { end: COMMENT_CLOSING.lastIndex, trimNext: closing[1] !== undefined }
}

function readOperand(
  source: string,
  opening: number,
  start: number,
): { part: NonNullable<Action['part']>; length: number } {
  if (source[start] === '"' || source[start] === '`') {
    const literal = readGoString(source, start)
    if ('problem' in literal) throw syntaxError(source, literal.at, literal.problem)
    return { part: literal.value, length: literal.length }
  }
  if (source.indexOf('}}', start) === -1) throw syntaxError(source, opening, 'this {{ is not closed by }}')
  WORD.lastIndex = start
  const word = WORD.exec(source)?.[0]
  if (word === undefined) throw syntaxError(source, start, 'a field is missing between {{ and }}')
  const field = TEMPLATE_FIELDS.find((name) => word === `.${name}`)
  if (field !== undefined) return { part: { field }, length: word.length }
  throw syntaxError(
    source,
    start,
    word.startsWith('.') ? `there is no field ${word}` : `"${word}" is not a field`,
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
