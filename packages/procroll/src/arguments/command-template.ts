import { usageError } from '../procroll-error.ts'
import {
  parseTemplate,
  renderTemplate,
  TEMPLATE_FIELDS,
  type Template,
  TemplateSyntaxError,
  type TemplateValues,
} from './go-template.ts'

/** A command whose every word is a template: its name is rendered like its arguments, as the Go program does. */
export type CommandTemplate = { file: Template; args: readonly Template[] }

/**
 * Checks every word of a command, before anything starts.
 *
 * @throws ProcrollError `ERR_USAGE`, naming the argument (1 is the first after the command) and the column
 */
export function parseCommand([file = '', ...args]: readonly string[]): CommandTemplate {
  if (file === '') throw usageError('the command is empty. Example: procroll run -- /usr/bin/app --port=8080')
  if ([file, ...args].some((word) => word.includes('\0')))
    throw usageError('the command contains a NUL character')
  return {
    file: parseWord('the command', file),
    args: args.map((word, index) => parseWord(`argument ${index + 1}`, word)),
  }
}

export function renderCommand(
  command: CommandTemplate,
  values: TemplateValues,
): { file: string; args: string[] } {
  return {
    file: renderTemplate(command.file, values),
    args: command.args.map((word) => renderTemplate(word, values)),
  }
}

function parseWord(which: string, word: string): Template {
  try {
    return parseTemplate(word)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    const known = TEMPLATE_FIELDS.map((name) => `{{.${name}}}`).join(', ')
    throw usageError(
      `${which}, column ${error.column}: ${error.message} in ${JSON.stringify(word)}. ` +
        `Known fields: ${known}. A literal {{ is written {{"{{"}}`,
      { cause: error },
    )
  }
}
