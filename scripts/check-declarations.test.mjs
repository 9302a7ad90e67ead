import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { declarationViolations } from './check-declarations.mjs'

let root

const types = 'packages/upgrader/dist/index.d.ts'

const declared = `interface Flip { readonly state: unknown }
declare class Stop { #private; }
declare const { a, b }: { a: number; b: number };
export { type Flip, Stop, a, b };
`

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'declarations-'))
  const exports = { '.': { types: './dist/index.d.ts' }, './package.json': './package.json' }
  write('packages/upgrader/package.json', JSON.stringify({ name: '@shellflip/upgrader', exports }))
  write(
    'packages/upgrader/src/index.ts',
    "export type { Flip } from './flip.ts'\nexport * from './stop.ts'\nexport const { a, b } = { a: 1, b: 2 }\n",
  )
  write('packages/upgrader/src/stop.ts', 'export class Stop {}\n')
  write(types, declared)
})

afterEach(() => rmSync(root, { recursive: true }))

function write(path, content) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}

test('types that export what the source does are fine', () => {
  expect(declarationViolations(root)).toEqual([])
})

test.each([
  ['lack a name', declared.replace(', b };', ' };'), `${types} does not export b`],
  [
    'have a name more',
    `${declared}export declare function c(): void;\n`,
    /exports c, and its source does not$/,
  ],
  ['have an internal member', `${declared}/** @internal */\n`, /contains @internal$/],
  ['show an internal class', `${declared}declare class Inner { #private; }\n`, /the internal class Inner/],
  [
    'show the class of an interface',
    declared.replace('interface Flip', 'declare class Flip'),
    /must be an interface/,
  ],
  ['are long', declared + 'declare const x: 1;\n'.repeat(300), /304 lines without comments, more than \d+$/],
])('types that %s are refused', (_, text, message) => {
  write(types, text)
  expect(declarationViolations(root)).toEqual([expect.stringMatching(message)])
})

test('types that are not built are refused', () => {
  rmSync(join(root, types))
  expect(declarationViolations(root)).toContain(`${types} does not exist: run npm run build`)
})
