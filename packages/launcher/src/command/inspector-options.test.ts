import { describe, expect, test } from 'vitest'
import { nodeOptionsWithOwnInspector, withOwnInspector } from './inspector-options.ts'

describe('Node’s options of a successor', () => {
  test.each([
    [['--inspect'], ['--inspect=0']],
    [['--inspect=9230'], ['--inspect=0']],
    [['--inspect=0.0.0.0'], ['--inspect=0.0.0.0:0']],
    [['--inspect=localhost:9230'], ['--inspect=localhost:0']],
    [['--inspect=[::1]:9230'], ['--inspect=[::1]:0']],
    [['--inspect-brk'], ['--inspect=0']],
    [['--inspect-brk=9230'], ['--inspect=0']],
    [['--inspect_wait=h:1'], ['--inspect=h:0']],
    [
      ['--inspect', '--inspect-port=9230'],
      ['--inspect=0', '--inspect-port=0'],
    ],
    [
      ['--debug-port', 'localhost:9230'],
      ['--debug-port', 'localhost:0'],
    ],
  ])('%j become %j', (options, own) => {
    expect(withOwnInspector(options)).toEqual(own)
  })

  test.each([
    [['--inspect-publish-uid=stderr', '--import', './a.js', '-e', 'inspect']],
    [[Buffer.from([0xff])]],
    [[]],
  ])('%j stay', (options) => {
    expect(withOwnInspector(options as string[])).toEqual(options)
  })
})

describe('NODE_OPTIONS of a successor', () => {
  const changed = (value: string) => nodeOptionsWithOwnInspector(Buffer.from(value)).toString()

  test.each([
    ['--inspect', '--inspect=0'],
    ['--no-warnings  --inspect-brk=9230', '--no-warnings --inspect=0'],
    ['"--inspect=9230" --inspect-port 9231', '--inspect=0 --inspect-port 0'],
    [String.raw`--require "./a \"b\" c.js" --inspect`, String.raw`--require "./a \"b\" c.js" --inspect=0`],
    [String.raw`--require ./a\b.js --inspect`, String.raw`--require ./a\b.js --inspect=0`],
    ['--title=größe --inspect', '--title=größe --inspect=0'],
  ])('%s becomes %s', (value, own) => {
    expect(changed(value)).toBe(own)
  })

  test.each([[''], ['--require  "./a b.js"'], ['--inspect-publish-uid=http']])('%s stays', (value) => {
    expect(changed(value)).toBe(value)
  })
})
