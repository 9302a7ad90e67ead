import { type Bytes, isText, showBytes } from '@shellflip/internal'
import { usageError } from '../errors/usage-error.ts'
import {
  parseTemplate,
  renderTemplate,
  type Template,
  TemplateSyntaxError,
  type TemplateValues,
} from './template.ts'

/** A word of the command, as UTF-8 text or as bytes. In bytes, each character of the template is one byte. */
type WordTemplate<Field extends string> = { template: Template<Field>; isText: boolean }

/** A command whose every word is a template: its name is rendered like its arguments, as the Go program does. */
export type CommandTemplate<Field extends string> = {
  file: WordTemplate<Field>
  args: readonly WordTemplate<Field>[]
}

/**
 * Checks every word of a command, before anything starts.
 *
 * @param fields those that a word may name
 * @param example a command line that is right
 * @throws {UsageError} if a template is wrong. The message names the argument (1 is the first after the command) and the column
 */
export function parseCommand<Field extends string>(
  [file = '', ...args]: readonly Bytes[],
  fields: readonly Field[],
  example: string,
): CommandTemplate<Field> {
  if (file.length === 0) throw usageError(`the command is empty. Example: ${example}`)
  if ([file, ...args].some((word) => Buffer.from(word).includes(0)))
    throw usageError('the command contains a NUL character')
  return {
    file: parseWord('the command', file, fields),
    args: args.map((word, index) => parseWord(`argument ${index + 1}`, word, fields)),
  }
}

export function renderCommand<Field extends string>(
  command: CommandTemplate<Field>,
  values: TemplateValues<Field>,
): { file: Bytes; args: Bytes[] } {
  return {
    file: renderWord(command.file, values),
    args: command.args.map((word) => renderWord(word, values)),
  }
}

function renderWord<Field extends string>(word: WordTemplate<Field>, values: TemplateValues<Field>): Bytes {
  if (word.isText) return renderTemplate(word.template, values)
  return Buffer.concat(
    word.template.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(String(values[part.field])),
    ),
  )
}

function parseWord<Field extends string>(
  which: string,
  word: Bytes,
  fields: readonly Field[],
): WordTemplate<Field> {
  try {
    const text = Buffer.from(word).toString(isText(word) ? 'utf8' : 'latin1')
    return { template: parseTemplate(text, fields), isText: isText(word) }
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    const known = fields.map((name) => `{{.${name}}}`).join(', ')
    throw usageError(
      `${which}, column ${error.column}: ${error.message} in ${JSON.stringify(showBytes(word))}. ` +
        `Known fields: ${known}. A literal {{ is written {{"{{"}}`,
      { cause: error },
    )
  }
}
