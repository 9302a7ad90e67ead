import { expect, test } from 'vitest'
import type { LaunchCommand } from '../command/launch-command.ts'
import { preloads, preparedCommand, unpreparable } from './prepared-command.ts'

const command = (changes: Partial<LaunchCommand> = {}, nodeOptions?: string): LaunchCommand => ({
  file: process.execPath,
  args: ['server.js'],
  cwd: '/',
  env: new Map(nodeOptions === undefined ? [] : [['NODE_OPTIONS', Buffer.from(nodeOptions)]]),
  ...changes,
})

test('only the environment of the command changes, and the file comes before the options of the user', () => {
  const { env, ...rest } = preparedCommand(command({}, '--require "a b"'))
  expect(rest).toEqual({ file: process.execPath, args: ['server.js'], cwd: '/' })
  expect(env.get('SHELLFLIP_PREPARED')?.toString()).toBe('--require "a b"')
  expect(env.get('NODE_OPTIONS')?.toString()).toMatch(/^--require \S*prepared-node\.cjs --require "a b"$/)
  expect(preparedCommand(command()).env.get('SHELLFLIP_PREPARED')?.toString()).toBe('')
})

test.runIf(process.platform === 'linux').each<[RegExp, LaunchCommand]>([
  [/^\/bin\/sh is not the Node/, command({ file: '/bin/sh' })],
  [/not UTF-8/, command({ cwd: Buffer.from([0x2f, 0xff]) })],
  [/inspector/, command({ args: ['--inspect=0', 'server.js'] })],
  [/inspector/, command({}, '--inspect-port=0')],
])('cannot be prepared: %s', (reason, unfit) => {
  expect(unpreparable(unfit)).toMatch(reason)
  expect(unpreparable(command())).toBeUndefined()
})

test.each([
  [['--import', 'tsx', 'server.ts'], undefined, true],
  [['server.js'], '-r ./hook.cjs', true],
  [['--enable-source-maps', 'server.js'], '--max-old-space-size=99', false],
])('code before the program: %s %s', (args, nodeOptions, expected) => {
  expect(preloads(command({ args }, nodeOptions))).toBe(expected)
})
