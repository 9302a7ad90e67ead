import { expect, test } from 'vitest'
import { executablePaths } from './executable.ts'

test.each([
  ['./serve', '/usr/bin:/bin', ['./serve']],
  ['serve', '/a:/b', ['/a/serve', '/b/serve']],
  ['serve', 'bin::', ['bin/serve', './serve', './serve']],
  ['serve', undefined, ['/usr/bin/serve', '/bin/serve']],
])('%s with PATH=%s is looked for at %j', (file, path, expected) => {
  expect(executablePaths(file, path).map((found) => found.toString())).toEqual(expected)
})

test('a path keeps its bytes', () => {
  const odd = Buffer.from('\xe9', 'latin1')
  expect(executablePaths(odd, odd)).toEqual([Buffer.from('\xe9/\xe9', 'latin1')])
})
