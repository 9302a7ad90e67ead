import { describe, expect, it } from 'vitest'
import { parseCommand, renderCommand } from './command-template.ts'

const parse = (words: readonly string[]) =>
  parseCommand(words, ['PID', 'Generation', 'NotifySocket'], 'app run -- /usr/bin/x')

describe('a command', () => {
  it('is rendered word by word, its name too', () => {
    const command = parse(['/srv/{{.Generation}}/app', '--name=app-{{.PID}}', '', '{{.NotifySocket}}'])
    expect(renderCommand(command, { PID: 7, Generation: 2, NotifySocket: '/run/n' })).toEqual({
      file: '/srv/2/app',
      args: ['--name=app-7', '', '/run/n'],
    })
  })

  it.each([
    [['app', '-x', '--id={{.Id}}'], 'argument 2, column 8: the field .Id does not exist in "--id={{.Id}}"'],
    [['{{.pid}}/app'], 'the command, column 3: the field .pid does not exist'],
    [['app', '{{.PID'], 'argument 1, column 1: this {{ is not closed'],
    [[''], 'the command is empty. Example: app run -- /usr/bin/x'],
  ])('%j is refused: %s', (words, message) => {
    expect(() => parse(words)).toThrow(message)
  })

  it('that is refused says what is known', () => {
    expect(() => parse(['app', '{{.Id}}'])).toThrow(
      'Known fields: {{.PID}}, {{.Generation}}, {{.NotifySocket}}. A literal {{ is written {{"{{"}}',
    )
  })
})
