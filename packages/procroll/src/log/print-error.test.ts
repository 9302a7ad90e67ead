import { expect, it } from 'vitest'
import { requestedFormat } from './print-error.ts'

it.each([
  [['run', '--log-format', 'json', '--bogus'], 'json'],
  [['run', '--log-format=json'], 'json'],
  [['run', '--debug', '--log-format', 'json', 'node'], 'json'],
  [['run', '--name', 'api', '--log-format', 'json', '--listen', 'bogus'], 'json'],
  [['run', '--name=api', '--log-format', 'text'], 'text'],
  [['run', '--log-format', 'xml'], 'text'],
  [['run', '--log-format'], 'text'],
  [['run', 'app', '--log-format', 'json'], 'text'],
  [['run', '--', 'app', '--log-format', 'json'], 'text'],
  [['run', '--name', '--log-format', 'json'], 'text'],
  [['roll', '--log-format', 'json'], 'text'],
  [[], 'text'],
])('of %j is %s', (argv, format) => {
  expect(requestedFormat(argv)).toBe(format)
})
