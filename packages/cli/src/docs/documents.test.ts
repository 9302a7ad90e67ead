import { Command, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { document } from '../commands/documentation.ts'
import { bashCompletion, type DocumentedProgram, fishCompletion, manPages, zshCompletion } from '../docs.ts'

const program = new Command('tool').description('Does things.').usage('<command>')
program
  .command('serve')
  .summary("serve what's there")
  .description('Serves. .TH is not a request here.\n.SH nor here')
  .argument('[words...]', 'the command')
  .optionsGroup('Places:')
  .addOption(new Option('-p, --place <path>', 'a folder: one [of many]. It must exist.'))
  .addOption(new Option('--mode <mode>', 'how').choices(['fast', 'safe']))
  .addOption(new Option('--who <name>', 'whom'))

for (const command of [program, ...program.commands]) {
  document(command, [{ title: 'Exit status', entries: [['0', 'It worked.']] }])
}

const documented: DocumentedProgram = {
  program,
  version: '1.2.3',
  valuesOf: (_, flag) => (flag === '--who' ? { type: 'printed', by: 'completion names' } : undefined),
  operandsOf: () => ({ type: 'command-line' }),
}

describe('a manual page', () => {
  const [own, serve] = manPages(documented)

  it('is written for the program and each command', () => {
    expect([own?.file, serve?.file]).toEqual(['tool.1', 'tool-serve.1'])
    expect(own?.text).toContain('\\fBtool\\-serve\\fR(1)')
    expect(own?.text).toContain('"tool 1.2.3"')
  })

  it('keeps text from being read as a request', () => {
    expect(serve?.text).toContain('\n\\&.SH nor here\n')
    expect(serve?.text.match(/^\.SH .*$/gm)).toEqual(
      expect.arrayContaining(['.SH OPTIONS', '.SH EXIT STATUS']),
    )
  })

  it('shows flags in their groups, with choices', () => {
    expect(serve?.text).toMatch(/^\.SS Places\n\.TP\n\\fB\\-p, \\-\\-place <path>\\fR\nA folder/m)
    expect(serve?.text).toContain('"fast", "safe"')
  })
})

describe('a completion', () => {
  it('in bash knows which flags take files, choices or printed values', () => {
    const text = bashCompletion(documented)
    expect(text).toContain('-p|--place) _tool_files; return ;;')
    expect(text).toContain("--mode) _tool_words 'fast safe'; return ;;")
    expect(text).toContain('" completion names 2>/dev/null)"')
  })

  it('in zsh and fish quotes what their syntax would read', () => {
    expect(zshCompletion(documented)).toContain(
      "'(-p --place)'{-p,--place=}'[a folder: one \\[of many\\]]:place:_files'",
    )
    expect(zshCompletion(documented)).toContain("'serve:serve what'\\''s there'")
    expect(fishCompletion(documented)).toContain("-a serve -d 'serve what\\'s there'")
    expect(fishCompletion(documented)).toContain("-l mode -r -a 'fast safe' -d 'how'")
  })
})
