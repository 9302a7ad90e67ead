import {
  parseTemplate,
  renderTemplate,
  type Template,
  TemplateSyntaxError,
  type TemplateValues,
} from '@shellflip/cli/go'
import { type Bytes, isText, showBytes } from '@shellflip/internal'
import { usageError } from '../procroll-error.ts'

/** The fields that a word may name, as the Go program has them. */
const fields = ['PID', 'Generation', 'NotifySocket'] as const
type Field = (typeof fields)[number]

/** A word of the command, as UTF-8 text or as bytes. In bytes, each character of the template is one byte. */
type WordTemplate = { template: Template<Field>; isText: boolean }

/** A command whose every word is a template: its name is rendered like its arguments, as the Go program does. */
export type CommandTemplate = { file: WordTemplate; args: readonly WordTemplate[] }

/**
 * Checks every word of a command, before anything starts.
 *
 * @throws UsageError, naming the argument (1 is the first after the command) and the column
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
  values: TemplateValues<Field>,
): { file: Bytes; args: Bytes[] } {
  return {
    file: renderWord(command.file, values),
    args: command.args.map((word) => renderWord(word, values)),
  }
}

function renderWord(word: WordTemplate, values: TemplateValues<Field>): Bytes {
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
