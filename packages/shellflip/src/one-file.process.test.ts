import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const bundle = bundleOf(new URL('../dist/index.js', import.meta.url)).join('\n')
const root = fileURLToPath(new URL('..', import.meta.url))

/** Returns the text of a file, and that of each chunk that it imports before it runs. */
function bundleOf(url: URL, seen = new Set<string>()): string[] {
  if (seen.has(url.href)) return []
  seen.add(url.href)
  const text = readFileSync(url, 'utf8')
  const chunks = Array.from(text.matchAll(/(?:from|import)\s*["'](\.[^"']+)["']/g), ([, path]) =>
    String(path),
  )
  return [text, ...chunks.flatMap((path) => bundleOf(new URL(path, url), seen))]
}

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

test('shellflip() knows that the function of @shellflip/upgrader was called', async () => {
  const second = `await other.shellflip().then((flip) =>
    facade.shellflip().catch(({ code }) => code).finally(() => flip.stop()))`
  expect(await evaluate('upgrader', second)).toBe('ERR_CALLED_TWICE')
})

test('the file has no literal that searches for Unicode categories, which V8 would build at every start', () => {
  expect(bundle).not.toMatch(/\/[^/\n]*\\p\{[^/\n]*\/[dgimsy]*[uv]/)
})

test('shellflip imports none of our packages but fd-passing, which must exist once in a process', () => {
  const imported = new Set(Array.from(bundle.matchAll(/from"(@shellflip\/[a-z-]+)"/g), ([, name]) => name))
  expect([...imported]).toEqual(['@shellflip/fd-passing'])
})

test('the file that a prepared Node loads first is beside the one that looks for it', () => {
  expect(bundle).toContain('"./prepared-node.cjs",import.meta.url')
  expect(existsSync(new URL('../dist/prepared-node.cjs', import.meta.url))).toBe(true)
})
