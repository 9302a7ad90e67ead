import { expect, it } from 'vitest'
import { listenEnvironment } from './index.ts'

it('counts and names the sockets', () => {
  expect(listenEnvironment(['http', 'admin socket'])).toEqual({
    LISTEN_FDS: '2',
    LISTEN_FDNAMES: 'http:admin socket',
  })
  expect(listenEnvironment([])).toEqual({ LISTEN_FDS: '0', LISTEN_FDNAMES: '' })
})

it.each(['', 'a:b', 'a\nb', 'ä', 'n'.repeat(256)])(
  'refuses a name that the variable cannot carry (case %#)',
  (name) => {
    expect(() => listenEnvironment([name])).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  },
)
