import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { LiveView, type Screen } from './live-view.ts'

function screen(columns: number, rows: number) {
  const written: string[] = []
  const emitter = new EventEmitter()
  const stream = Object.assign(emitter, {
    columns,
    rows,
    write: (text: string) => written.push(text) > 0,
  }) as unknown as Screen & EventEmitter
  return { stream, written }
}

it('draws on the alternate screen, and leaves the last frame on the normal one', () => {
  const { stream, written } = screen(10, 5)
  const view = new LiveView(stream)
  view.show((width) => ['first', `width ${width}`])
  view.show((width) => ['second', `width ${width}`])
  view[Symbol.dispose]()
  view[Symbol.dispose]()
  expect(written).toEqual([
    '\x1b[?1049h\x1b[?25l\x1b[Hfirst\x1b[K\nwidth 10\x1b[K\x1b[J',
    '\x1b[Hsecond\x1b[K\nwidth 10\x1b[K\x1b[J',
    '\x1b[?25h\x1b[?1049lsecond\nwidth undefined\n',
  ])
})

it('draws again when the terminal has another size, in no more lines than it has', () => {
  const { stream, written } = screen(10, 5)
  using view = new LiveView(stream)
  view.show((width) => ['a', 'b', 'c', `width ${width}`])
  Object.assign(stream, { columns: 20, rows: 3 })
  stream.emit('resize')
  expect(written.at(-1)).toBe('\x1b[Ha\x1b[K\nb\x1b[K\n… 2 more lines\x1b[K\x1b[J')
})

it('leaves nothing behind on the stream or the process', () => {
  const names = ['exit', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGTSTP', 'SIGCONT']
  const counts = () => names.map((name) => process.listenerCount(name))
  const before = counts()
  const { stream } = screen(10, 5)
  const view = new LiveView(stream)
  expect(counts()).toEqual(before.map((count) => count + 1))
  view[Symbol.dispose]()
  expect(counts()).toEqual(before)
  expect(stream.listenerCount('resize')).toBe(0)
})

it('takes 80 columns where the terminal does not know its size', () => {
  const { stream, written } = screen(0, 0)
  using view = new LiveView(stream)
  view.show((width) => [`width ${width}`])
  expect(written.at(-1)).toContain('width 80')
})
