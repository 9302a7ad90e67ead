import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { listenUnix } from '@shellflip/fd-passing'
import { nodeSystem } from '@shellflip/generation'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { LastingInbox } from './lasting-inbox.ts'

/** An inbox in a folder of its own, and the signs of life that its generation gave, or seemed to give. */
function opened() {
  const parent = temporaryFolder()
  const folder = parent.join('notify')
  mkdirSync(folder)
  const heard: unknown[] = []
  const observer = {
    onNotification: ({ message }: { message: object }) => heard.push(message),
    onTrouble: () => {},
  }
  const inbox = new LastingInbox(nodeSystem.openNotifySocket, [`${folder}/1.sock`, observer], () => {})
  const close = () => {
    inbox[Symbol.dispose]()
    parent[Symbol.dispose]()
  }
  return { inbox, parent, folder, heard, [Symbol.dispose]: close }
}

const signOfLife = { watchdog: 'ping' }

describe('the watchdog of a generation', () => {
  it('reports nothing while the generation can reach its socket', () => {
    using place = opened()
    place.inbox.readPending()
    expect(place.inbox.restore(place.folder)).toBeUndefined()
    expect(place.heard).toEqual([])
  })

  it.each<[string, (folder: string) => Disposable | undefined]>([
    ['nothing', () => undefined],
    [
      'a socket of somebody else',
      (folder) => {
        mkdirSync(folder)
        return listenUnix({ path: `${folder}/1.sock` })
      },
    ],
  ])('finds a sign of life whenever it is about to bite, while %s is at its path', (_what, take) => {
    using place = opened()
    rmSync(place.folder, { recursive: true })
    using _ = take(place.folder)
    expect(place.inbox.restore(place.parent.join('elsewhere'))).toBeInstanceOf(Error)
    for (const times of [2, 3]) {
      place.inbox.readPending()
      expect(place.heard).toEqual(Array(times).fill(signOfLife))
    }
  })

  it('counts again when the socket was restored', () => {
    using place = opened()
    renameSync(`${place.folder}/1.sock`, place.parent.join('moved'))
    expect(place.inbox.restore(place.folder)).toBe('restored')
    place.inbox.readPending()
    expect(place.heard).toEqual([signOfLife])
  })
})
