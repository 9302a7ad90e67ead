import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { repositoryViolations, writeRepositoryFields } from './check-repository.mjs'

const repository = 'https://github.com/a/web'
const commit = '11d5960a326750d5838078e36cf38b85af677262'
let root

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'repository-'))
  write('package.json', { repository, author: 'us', license: 'MIT' })
  write('LICENSE', 'free')
  for (const file of ['README', 'CONTRIBUTING', 'SECURITY', 'CODE_OF_CONDUCT']) {
    write(`${file}.md`, `See ${repository}/issues and https://github.com/b/other`)
  }
  write('.github/ISSUE_TEMPLATE/config.yml', '')
  write(
    '.github/workflows/ci.yml',
    `      - uses: actions/checkout@${commit} # v4.4.0\n    uses: ./own.yml\n`,
  )
  write('packages/one/package.json', {
    name: 'one',
    version: '1.0.0',
    description: 'One',
    keywords: ['a', 'b', 'c'],
  })
  write('packages/testing/package.json', { name: 'testing', private: true })
  writeRepositoryFields(root)
})

afterEach(() => rmSync(root, { recursive: true }))

function write(path, content) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
}

function change(fields) {
  const manifest = JSON.parse(readFileSync(join(root, 'packages/one/package.json'), 'utf8'))
  write('packages/one/package.json', { ...manifest, ...fields })
}

test('what was written passes, and names the folder of the package', () => {
  expect(repositoryViolations(root)).toEqual([])
  expect(JSON.parse(readFileSync(join(root, 'packages/one/package.json'), 'utf8'))).toMatchObject({
    bugs: `${repository}/issues`,
    repository: { url: `git+${repository}.git`, directory: 'packages/one' },
  })
})

test.each([
  ['no repository', () => change({ repository: undefined }), 'packages/one: repository must be {'],
  [
    'a moved repository',
    () => write('package.json', { repository: 'https://github.com/c/web' }),
    'README.md: ',
  ],
  ['two keywords', () => change({ keywords: ['a', 'b'] }), 'packages/one: keywords must'],
  ['another license', () => write('packages/one/LICENSE', 'paid'), 'packages/one: LICENSE must'],
  ['no security policy', () => rmSync(join(root, 'SECURITY.md')), 'SECURITY.md: is missing'],
  [
    'an action by its tag',
    () => write('.github/workflows/a.yml', '- uses: a/b@v4'),
    '.github/workflows/a.yml:1: ',
  ],
  [
    'a commit without its version',
    () => write('.github/workflows/a.yml', `- uses: a/b@${commit}`),
    '.github/',
  ],
])('%s is a violation', (_, spoil, message) => {
  spoil()
  expect(repositoryViolations(root)).toContainEqual(expect.stringContaining(message))
})
