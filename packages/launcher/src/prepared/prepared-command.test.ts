import { writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, expect, test, vi } from 'vitest'
import type { LaunchCommand } from '../command/launch-command.ts'
import { preloads, preparedCommand, unpreparable } from './prepared-command.ts'

// The file is beside this code in `dist` only.
const files = vi.hoisted(() => ({ exist: true }))
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  existsSync: () => files.exist,
}))
afterEach(() => {
  files.exist = true
  vi.unstubAllGlobals()
})

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
  [/configuration file/, command({ args: ['--experimental-default-config-file', 'server.js'] })],
  [/inspector/, command({ args: ['--inspect=0', 'server.js'] })],
  [/inspector/, command({}, '--inspect-port=0')],
])('cannot be prepared: %s', (reason, unfit) => {
  expect(unpreparable(unfit)).toMatch(reason)
  expect(unpreparable(command())).toBeUndefined()
})

test.runIf(process.platform === 'linux')('cannot be prepared without the file that Node loads first', () => {
  files.exist = false
  expect(unpreparable(command())).toMatch(/prepared-node\.cjs of shellflip is missing.*--external:shellflip/)
})

test.runIf(process.platform === 'linux')('cannot be prepared by a Node that ignores NODE_OPTIONS', () => {
  vi.stubGlobal(
    'process',
    Object.create(process, { config: { value: { variables: { node_without_node_options: true } } } }),
  )
  expect(unpreparable(command())).toBe('this Node was built without NODE_OPTIONS')
})

test.runIf(process.platform === 'linux')(
  'an env file that sets NODE_OPTIONS has no effect in a prepared Node',
  () => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('.env'), 'NODE_OPTIONS=--no-warnings')
    writeFileSync(folder.join('other.env'), 'PORT=80')
    const reasonOf = (args: string[], nodeOptions?: string) =>
      unpreparable(command({ args: [...args, 'server.js'], cwd: folder.path }, nodeOptions))
    expect(reasonOf(['--env-file=.env'])).toMatch(/an env file sets NODE_OPTIONS/)
    expect(reasonOf(['--env-file=other.env', '--env-file-if-exists', folder.join('.env')])).toMatch(
      /an env file/,
    )
    expect(reasonOf(['--env-file=other.env', '--env-file-if-exists=missing'])).toBeUndefined()
    expect(reasonOf(['--env-file=.env'], '')).toBeUndefined()
  },
)

test.runIf(process.platform === 'linux')('options of the program are not those of Node', () => {
  const args = ['--no-warnings', 'server.js', '--debug', '-r', 'x']
  expect(unpreparable(command({ args, optionCount: 1 }))).toBeUndefined()
  expect(preloads(command({ args, optionCount: 1 }))).toBe(false)
  expect(unpreparable(command({ args }))).toMatch(/inspector/)
})

test.each([
  [['--import', 'tsx', 'server.ts'], undefined, true],
  [['server.js'], '-r ./hook.cjs', true],
  [['--enable-source-maps', 'server.js'], '--max-old-space-size=99', false],
])('code before the program: %s %s', (args, nodeOptions, expected) => {
  expect(preloads(command({ args }, nodeOptions))).toBe(expected)
})
