import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { nodeSystem } from '@shellflip/generation'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, it } from 'vitest'
import { NotifySockets, type NotifySocketsEvent } from './notify-sockets.ts'

const observer = { onNotification: () => {}, onTrouble: () => {} }

function opened(parent: string) {
  const events: NotifySocketsEvent[] = []
  return { events, sockets: new NotifySockets({ parent, onEvent: (event) => events.push(event) }) }
}

it('makes its folder and the sockets in it again, and reports both', async () => {
  using folder = temporaryFolder()
  const { sockets, events } = opened(folder.path)
  using _ = sockets
  const path = `${sockets.directory}/7.sock`
  using _inbox = sockets.lastingOn(nodeSystem).openNotifySocket(path, observer)
  rmSync(sockets.path, { recursive: true })
  await waitFor(() => events.length === 2)
  expect(events).toEqual([
    { type: 'notify-directory-restored', path: sockets.path },
    { type: 'notify-socket-restored', generation: 7 },
  ])
  expect(existsSync(path)).toBe(true)
})

it('reports once that its folder cannot be made again, and keeps trying', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.join('tmp'))
  const { sockets, events } = opened(folder.join('tmp'))
  using _ = sockets
  rmSync(folder.join('tmp'), { recursive: true })
  writeFileSync(folder.join('tmp'), 'in the way')
  for (const _time of [1, 2]) expect(existsSync(sockets.directory)).toBe(false)
  expect(events).toEqual([
    { type: 'notify-directory-lost', error: expect.objectContaining({ code: 'ERR_NOTIFY_DIRECTORY' }) },
  ])
  rmSync(folder.join('tmp'))
  expect(existsSync(sockets.directory)).toBe(true)
})

it('reports that others could replace its folder', () => {
  using folder = temporaryFolder()
  chmodSync(folder.path, 0o777)
  const { sockets, events } = opened(folder.path)
  sockets[Symbol.dispose]()
  const reason = expect.stringContaining('can be written by others')
  expect(events).toEqual([{ type: 'notify-directory-exposed', reason }])
  expect(readdirSync(folder.path)).toEqual([])
})

it.each<[object, string, RegExp]>([
  [{ parent: '/no/such/folder' }, 'ERR_NOTIFY_DIRECTORY', /^parent \/no\/such\/folder cannot be used/],
  [
    { parent: '/nowhere', flag: '--tempdir' },
    'ERR_NOTIFY_DIRECTORY',
    /notify sockets: --tempdir \/run\/app$/,
  ],
  [{ program: '../x' }, 'ERR_INVALID_ARGUMENT', /program must be a name/],
  [{ tempdir: '/tmp' }, 'ERR_INVALID_ARGUMENT', /no option "tempdir"/],
])('refuses %j', (options, code, message) => {
  expect(() => new NotifySockets(options)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})
