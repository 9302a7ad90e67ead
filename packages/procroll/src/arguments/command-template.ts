import { type Bytes, isText, showBytes } from '@shellflip/internal'
import { usageError } from '../procroll-error.ts'
import {
  parseTemplate,
  renderTemplate,
  TEMPLATE_FIELDS,
  type Template,
  TemplateSyntaxError,
  type TemplateValues,
} from './go-template.ts'

/** A word of the command, as UTF-8 text or as bytes. In bytes, each character of the template is one byte. */
type WordTemplate = { template: Template; isText: boolean }

/** A command whose every word is a template: its name is rendered like its arguments, as the Go program does. */
export type CommandTemplate = { file: WordTemplate; args: readonly WordTemplate[] }

/**
 * Checks every word of a command, before anything starts.
 *
 * @throws {ProcrollError} ERR_USAGE if an argument is not a template. The message names the argument (1 is the first after the command)
 *   and the column
 */
export function parseCommand([file = '', ...args]: readonly Bytes[]): CommandTemplate {
  if (file.length === 0)
    throw usageError('the command is empty. Example: procroll run -- /usr/bin/app --port=8080')
  if ([file, ...args].some((word) => Buffer.from(word).includes(0)))
    throw usageError('the command contains a NUL character')
  return {
    file: parseWord('the command', file),
    args: args.map((word, index) => parseWord(`argument ${index + 1}`, word)),
  }
}

export function renderCommand(
  command: CommandTemplate,
  values: TemplateValues,
): { file: Bytes; args: Bytes[] } {
  return {
    file: renderWord(command.file, values),
    args: command.args.map((word) => renderWord(word, values)),
  }
}

function renderWord(word: WordTemplate, values: TemplateValues): Bytes {
  if (word.isText) return renderTemplate(word.template, values)
  return Buffer.concat(
    word.template.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(String(values[part.field])),
    ),
  )
}

function parseWord(which: string, word: Bytes): WordTemplate {
  try {
    const text = Buffer.from(word).toString(isText(word) ? 'utf8' : 'latin1')
    return { template: parseTemplate(text), isText: isText(word) }
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    const known = TEMPLATE_FIELDS.map((name) => `{{.${name}}}`).join(', ')
    throw usageError(
      `${which}, column ${error.column}: ${error.message} in ${JSON.stringify(showBytes(word))}. ` +
        `Known fields: ${known}. A literal {{ is written {{"{{"}}`,
      { cause: error },
    )
  }
}
