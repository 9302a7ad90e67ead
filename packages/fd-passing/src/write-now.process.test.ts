import { readFileSync, readSync } from 'node:fs'
import { expect, it } from 'vitest'
import { pipe } from './descriptors.ts'
import { socketpair } from './unix-endpoint.ts'
import { writeNow } from './write-now.ts'

const isBlocking = (fd: number) =>
  (Number.parseInt(/flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '', 8) &
    0o4000) ===
  0

it.runIf(process.platform === 'linux')(
  'fills a pipe and a socket without waiting, and changes no flag',
  () => {
    const { reader, writer } = pipe()
    const [left, right] = socketpair('stream')
    for (const fd of [writer.fd, left.fd]) {
      expect(isBlocking(fd)).toBe(true)
      let total = 0
      for (let written = -1; written !== 0; total += written) written = writeNow(fd, Buffer.alloc(4096))
      expect(total).toBeGreaterThanOrEqual(65_536)
      expect(isBlocking(fd)).toBe(true)
    }
    // One page is free again, and takes one write of that size.
    expect(readSync(reader.fd, Buffer.alloc(4096))).toBe(4096)
    expect(writeNow(writer.fd, Buffer.alloc(4096))).toBe(4096)
    for (const fd of [reader, writer, left, right]) fd.close()
  },
)

it('reports a reader that is gone', () => {
  const { reader, writer } = pipe()
  reader.close()
  expect(() => writeNow(writer.fd, Buffer.from('x'))).toThrow(expect.objectContaining({ errno: 'EPIPE' }))
  writer.close()
})

it('refuses a wrong descriptor, and data that is not bytes', () => {
  expect(() => writeNow(-1, Buffer.alloc(1))).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
  )
  expect(() => writeNow(1, 'text' as never)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
  )
})
