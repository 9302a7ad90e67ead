import { describe, expect, it } from 'vitest'
import { parseTemplate, renderTemplate, TemplateSyntaxError } from './template.ts'

const values = { PID: 812, Generation: 3, NotifySocket: '/run/notify.sock' }
const parse = (source: string) => parseTemplate(source, ['PID', 'Generation', 'NotifySocket'])
const render = (source: string) => renderTemplate(parse(source), values)

describe('a template', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    ['a } b }} c { d', 'a } b }} c { d'],
    ['--name=app-{{.PID}}-{{.Generation}}', '--name=app-812-3'],
    ['{{ .PID }}', '812'],
    ['{{\t.PID\n}}', '812'],
    ['{{.NotifySocket}}:/notify', '/run/notify.sock:/notify'],
    ['a {{- .PID -}} b', 'a812b'],
    ['a \n\t{{- .PID}} b', 'a812 b'],
    ['a {{.PID -}}\r\n b', 'a 812b'],
    ['a {{- .PID -}} {{- .PID -}} b', 'a812812b'],
    ['a{{/* a }} comment */}}b', 'ab'],
    ['a {{- /* a comment */ -}} b', 'ab'],
    ['{{"{{"}}.PID}}', '{{.PID}}'],
    ['{{`{{`}} and {{ `raw\\n` }}', '{{ and raw\\n'],
    ['{{"}}"}}', '}}'],
    ['{{""}}', ''],
    ['{{"tab\\t quote\\" \\x41 \\101 \\u00e9 \\U0001F600"}}', 'tab\t quote" A A é 😀'],
    ['{{{{', undefined],
  ])('%j is %j', (source, text) => {
    if (text === undefined) expect(() => render(source)).toThrow()
    else expect(render(source)).toBe(text)
  })

  it.each([
    ['{{.Pid}}', 3, 'the field .Pid does not exist'],
    ['--id={{.ID}}', 8, 'the field .ID does not exist'],
    ['{{.}}', 3, 'the field . does not exist'],
    ['{{.PID.Foo}}', 3, 'the field .PID.Foo does not exist'],
    ['{{PID}}', 3, '"PID" is not a field'],
    ['{{}}', 3, 'a field is missing'],
    ['{{  }}', 5, 'a field is missing'],
    ['{{-.PID}}', 3, '"-.PID" is not a field'],
    ['{{.PID | print}}', 8, 'only one field or string'],
    ['{{.PID .PID}}', 8, 'only one field or string'],
    ['{{printf "%d" .PID}}', 3, '"printf" is not a field'],
    ['{{if .PID}}x{{end}}', 3, '"if" is not a field'],
    ['{{(.PID)}}', 3, 'a field is missing'],
    ['x{{.PID', 2, 'this {{ is not closed'],
    ['x{{.PID}', 2, 'this {{ is not closed'],
    ['x{{', 2, 'this {{ is not closed'],
    ['é😀{{"{{', 5, 'a " is not closed'],
    ['{{"{{', 3, 'a " is not closed'],
    ['{{`{{', 3, 'a ` is not closed'],
    ['{{"a\nb"}}', 3, 'a " is not closed'],
    ['{{"a\\q"}}', 5, 'Go does not have this escape'],
    ['{{"\\uD800"}}', 4, 'the character does not exist'],
    ['{{"\\UFFFFFFFF"}}', 4, 'the character does not exist'],
    ['a{{/* no end }}', 2, 'this comment is not closed'],
  ])('%j is refused at column %d: %s', (source, column, message) => {
    const refused = (() => {
      try {
        return parse(source)
      } catch (error) {
        return error
      }
    })()
    expect(refused).toBeInstanceOf(TemplateSyntaxError)
    expect(refused).toMatchObject({ column, message: expect.stringContaining(message) })
  })
})
