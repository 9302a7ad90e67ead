import { expect, test } from 'vitest'
import { isLeftBehind } from './old-release.ts'

const file = '/srv/1/node_modules/shellflip/dist/prepared-node.cjs'

test.each<[string, string, string[], string[], boolean]>([
  ['the same release', file, ['/srv/1'], ['/srv/1'], false],
  ['the next release', file, ['/srv/1'], ['/srv/2'], true],
  ['a program deep in a release', file, ['/srv/1/apps/a'], ['/srv/2/services/a'], true],
  ['a working directory apart', file, ['/', '/srv/1/app.js'], ['/', '/srv/2/app.js'], true],
  [
    'a working directory that changes alone',
    file,
    ['/srv/1', '/srv/1/app.js'],
    ['/', '/srv/1/app.js'],
    false,
  ],
  ['a name that begins like another', file, ['/srv/1'], ['/srv/10'], true],
  ['packages for all releases', '/srv/node_modules/a.cjs', ['/srv/1'], ['/srv/2'], false],
  ['packages in a place of their own', '/opt/store/a.cjs', ['/srv/1'], ['/srv/2'], false],
])('%s', (_, path, before, now, expected) => {
  expect(isLeftBehind(path, before, now)).toBe(expected)
})
