import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const bundle = readFileSync(new URL('../dist/index.js', import.meta.url), 'utf8')
const root = fileURLToPath(new URL('..', import.meta.url))

/** Evaluates an expression over `facade`, which is shellflip as it is published, and `other`, one of the packages in its file. */
async function evaluate(other: string, expression: string): Promise<unknown> {
  const program = `const [facade, other] = await Promise.all([import('shellflip'), import('@shellflip/${other}')])
    console.log(JSON.stringify(${expression}))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: root,
  })
  return JSON.parse(stdout)
}

test.each([
  ['fd-store', 'FdStoreError'],
  ['launcher', 'LauncherError'],
  ['listeners', 'ListenersError'],
  ['upgrader', 'ShellflipError'],
])('an error of @shellflip/%s is an instance of the class that shellflip exports', async (name, error) => {
  const both = `[new other.${error}('ERR', 'text') instanceof facade.${error}, new facade.${error}('ERR', 'text') instanceof other.${error}]`
  expect(await evaluate(name, both)).toEqual([true, true])
})

test('the file has no literal that searches for Unicode categories, which V8 would build at every start', () => {
  expect(bundle).not.toMatch(/\/[^/\n]*\\p\{[^/\n]*\/[dgimsy]*[uv]/)
})

test('shellflip imports none of our packages but fd-passing, which must exist once in a process', () => {
  const imported = new Set(Array.from(bundle.matchAll(/from"(@shellflip\/[a-z-]+)"/g), ([, name]) => name))
  expect([...imported]).toEqual(['@shellflip/fd-passing'])
})
