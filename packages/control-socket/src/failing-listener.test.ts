import { rmSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ask } from './ask.ts'
import { RawClient, testServer, words } from './testing/test-server.ts'

let warnings: string[] = []
const warn = ({ message }: Error) => void warnings.push(message)
beforeEach(() => {
  warnings = []
  process.on('warning', warn)
})
afterEach(() => void process.off('warning', warn))

const failing = () => {
  throw new Error('no')
}
const rejecting = async () => failing()

/** A server whose listener fails at each event. */
const serverWith = (onEvent: () => unknown, options: object = {}) =>
  testServer({ ...options, onEvent: onEvent as () => void })

const echo = (path: string) => ask({ path, protocol: words, request: { ask: 'x' } })
const warned = (type: string) =>
  vi.waitFor(() => expect(warnings).toContain(`the listener of the event "${type}" failed: no`))

test.each([
  ['throws', failing],
  ['rejects', rejecting],
])('a listener that %s changes nothing: the next client is answered', async (_, onEvent) => {
  await using server = await serverWith(onEvent)
  using garbage = await RawClient.connect(server.path)
  garbage.socket.end('garbage!')
  await garbage.closed
  await warned('request-refused')
  expect(await echo(server.path)).toEqual({ say: 'x' })
})

test('a listener that throws hides no failure from the client', async () => {
  const answer = () => Promise.reject(new Error('not today'))
  await using server = await serverWith(failing, { answer })
  await expect(echo(server.path)).rejects.toMatchObject({
    code: 'ERR_ANSWER_FAILED',
    message: expect.stringMatching('not today'),
  })
  await warned('answer-failed')
})

test('a listener that throws does not keep a path from being restored', async () => {
  await using server = await serverWith(failing, { restorePath: true })
  rmSync(server.path)
  await warned('path-restored')
  expect(await waitFor(() => echo(server.path))).toEqual({ say: 'x' })
})
