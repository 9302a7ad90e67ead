import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { layerViolations } from './check-layers.mjs'

let root

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'layers-'))
  write('packages/fd-passing/package.json', {})
  write('packages/sd-notify/package.json', { dependencies: { '@shellflip/fd-passing': 'workspace:^' } })
  write('packages/sd-notify/src/index.ts', "export { dup } from '@shellflip/fd-passing'\n")
  write('packages/generation/package.json', { devDependencies: { '@shellflip/testing': 'workspace:^' } })
  write(
    'packages/generation/src/a.test.ts',
    "import '@shellflip/testing'\nimport '@shellflip/control-socket'\n",
  )
})

afterEach(() => rmSync(root, { recursive: true }))

function write(path, content) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
}

test('imports that point down are fine, and a test may use testing and its own layer', () => {
  expect(layerViolations(root)).toEqual([])
})

test.each([
  ['an import', "import { a } from '@shellflip/generation'"],
  ['a type import', "import type { A } from '@shellflip/generation'"],
  ['a re-export', "export * from '@shellflip/generation'"],
  ['a dynamic import', "await import('@shellflip/generation')"],
  ['a type by import()', "type A = import('@shellflip/generation').A"],
  ['the same layer', "import '@shellflip/upgrade-lock'"],
  ['a facade', "import { run } from 'procroll'"],
  ['testing', "import { waitFor } from '@shellflip/testing'"],
  ['the fakes of a lower package', "import { FakeSystem } from '@shellflip/fd-passing/testing'"],
  ['another private package', "import '@shellflip/bench'"],
  ['an unknown package', "import '@shellflip/nowhere'"],
  ['a path out of the package', "import { dup } from '../../fd-passing/src/dup.ts'"],
])('%s is a violation', (_, code) => {
  write('packages/sd-notify/src/bad.ts', code)
  const found = layerViolations(root)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(/^packages\/sd-notify\/src\/bad\.ts: /)
})

test('every layer may use the private helpers, which use none of ours', () => {
  write('packages/internal/package.json', { devDependencies: { '@shellflip/testing': 'workspace:^' } })
  write('packages/fd-passing/package.json', { devDependencies: { '@shellflip/internal': 'workspace:^' } })
  write('packages/fd-passing/src/index.ts', "import { oneLine } from '@shellflip/internal'")
  expect(layerViolations(root)).toEqual([])
  write('packages/internal/src/up.ts', "import { dup } from '@shellflip/fd-passing'")
  expect(layerViolations(root)).toHaveLength(1)
})

test('the private helpers are not a dependency that a user would have to install', () => {
  write('packages/sd-notify/package.json', { dependencies: { '@shellflip/internal': 'workspace:^' } })
  expect(layerViolations(root)).toEqual([
    'packages/sd-notify/package.json: @shellflip/internal is private, and nobody could install it: name it in devDependencies, and the build bundles it',
  ])
})

test.each(['dependencies', 'peerDependencies', 'optionalDependencies'])('%s point down too', (field) => {
  write('packages/fd-passing/package.json', { [field]: { '@shellflip/sd-notify': 'workspace:^' } })
  expect(layerViolations(root)).toEqual([
    'packages/fd-passing/package.json: imports @shellflip/sd-notify: layer 0 imports from layer 1, and imports point down only',
  ])
})

test('a test does not reach up', () => {
  write('packages/fd-passing/src/up.test.ts', "import '@shellflip/sd-notify'")
  expect(layerViolations(root)).toHaveLength(1)
})

test('testing takes types from the packages, and nothing else', () => {
  write('packages/testing/package.json', {})
  write('packages/testing/src/types.ts', "import type { OwnedFd } from '@shellflip/fd-passing'")
  expect(layerViolations(root)).toEqual([])
  write('packages/testing/src/values.ts', "import { OwnedFd } from '@shellflip/fd-passing'")
  expect(layerViolations(root)).toHaveLength(1)
})

test('a package without a layer gets the advice where to add one', () => {
  write('packages/new-thing/package.json', {})
  expect(layerViolations(root)).toEqual([
    'packages/new-thing: has no layer; give it one in scripts/check-layers.mjs',
  ])
})
