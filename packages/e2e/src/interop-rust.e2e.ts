import { existsSync } from 'node:fs'
import { LoadClient } from '@shellflip/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { InteropPlace } from './interop-place.ts'
import { missingForRust } from './requirements.ts'
import { rustProgram } from './rust-service.ts'

const missing = missingForRust()

beforeAll(async () => {
  // Compiled here, because the hooks have the time that a first compilation takes.
  if (missing === undefined) await rustProgram()
})

/** Describes tests that need the crate. Where it cannot be compiled, they are skipped, and their title gives the reason. */
function withRust(title: string, tests: () => void): void {
  const isPossible = missing === undefined
  describe.runIf(isPossible)(isPossible ? title : `${title}: ${missing}`, tests)
}

withRust('a client of the crate', () => {
  test('restarts our service, and learns the new pid', async () => {
    await using place = await InteropPlace.open()
    const first = await place.startNode({})
    const { code, said } = await place.askByRust()
    const next = await place.answer()
    expect(next).toMatchObject({ version: 'node', state: '7' })
    expect(next.pid).not.toBe(first.pid)
    expect({ code, said }).toEqual({ code: 0, said: `restarted ${next.pid}\n` })
    await place.onlyLeft(next.pid)
  })

  test('learns why our service was not restarted', async () => {
    await using place = await InteropPlace.open()
    const { pid } = await place.startNode({})
    place.deployNode({ crashes: true })
    const asked = await place.askByRust()
    expect(asked).toEqual({
      code: 1,
      said: 'failed the successor exited with 3 before it was ready. Its standard error has the reason.\n',
    })
    expect(await place.answer()).toMatchObject({ pid })
    await place.onlyLeft(pid)
  })
})

withRust('shellflip restart', () => {
  test('restarts a service of the crate, and reports the new pid', async () => {
    await using place = await InteropPlace.open()
    const first = await place.startRust('41')
    const { code, said } = await place.askByCli()
    const next = await place.answer()
    expect(next).toMatchObject({ version: 'rust', state: '41' })
    expect(next.pid).not.toBe(first.pid)
    expect(said).toContain(`restarted: pid ${next.pid} in `)
    expect(code).toBe(0)
    await place.onlyLeft(next.pid)
  })

  test('reports why a service of the crate was not restarted', async () => {
    await using place = await InteropPlace.open()
    const { pid } = await place.startRust('41')
    place.deployScript('exit 3')
    const { code, said } = await place.askByCli()
    expect(said).toContain('Child failed to start: child failed to notify parent')
    expect(code).toBe(1)
    expect(await place.answer()).toMatchObject({ pid, version: 'rust' })
  })
})

withRust('a service of the crate hands over to ours', () => {
  test('with its listener, its state and its coordination socket', async () => {
    await using place = await InteropPlace.open()
    const first = await place.startRust('41')
    place.deployNode()
    const asked = await place.askByRust()
    const next = await place.answer()
    expect(next).toMatchObject({ version: 'node', state: '41' })
    expect(asked).toEqual({ code: 0, said: `restarted ${next.pid}\n` })
    expect(next.pid).not.toBe(first.pid)
    await place.onlyLeft(next.pid)
    expect((await place.askByCli()).code).toBe(0)
    expect(await place.answer()).toMatchObject({ version: 'node', state: '41' })
  })

  test.each<[string, string, Record<string, unknown>]>([
    ['crashes', '41', { crashes: true }],
    ['refuses the state', 'not a count', {}],
  ])('and serves on if ours %s', async (_, state, options) => {
    await using place = await InteropPlace.open()
    const { pid } = await place.startRust(state)
    place.deployNode(options)
    const asked = await place.askByCli()
    expect(asked.said).toContain('child failed to notify parent')
    expect(asked.code).toBe(1)
    expect(await place.answer()).toMatchObject({ pid, version: 'rust', state })
    expect(place.output).toContain(`${pid} the new process failed`)
  })
})

withRust('our service hands over to one of the crate', () => {
  test('and back, and no request fails', async () => {
    await using place = await InteropPlace.open()
    const ours = await place.startNode(place.toRust())
    await using load = LoadClient.start({ target: { port: place.port }, keepAlive: 2, newConnections: 2 })
    place.deployRust()
    const asked = await place.askByCli()
    const rust = await place.answer()
    expect(rust).toMatchObject({ version: 'rust', state: '7', names: 'listen%3Atcp%3A//127.0.0.1%3A0#web' })
    expect(asked).toMatchObject({ code: 0, said: expect.stringContaining(`restarted: pid ${rust.pid} in `) })
    expect(existsSync(`${place.controlSocket}.lock`)).toBe(false)
    await place.onlyLeft(rust.pid)

    expect((await place.askByRust()).code).toBe(0)
    const second = await place.answer()
    expect(second).toMatchObject({ version: 'rust', state: '7' })

    place.deployNode()
    const { code } = await place.askByRust()
    const back = await place.answer()
    expect(code).toBe(0)
    expect(back).toMatchObject({ version: 'node', state: '7' })
    expect(new Set([ours.pid, rust.pid, second.pid, back.pid]).size).toBe(4)
    await place.onlyLeft(back.pid)
    expect(await load.stop()).toMatchObject({ failed: 0 })
  })

  test.each<[string, string, string]>([
    ['crashes', 'crash', 'the successor exited with 3 before it was ready'],
    ['hangs', 'hang', 'the successor was not ready within 1500 ms. It got everything, but did not report'],
  ])('and serves on if that one %s', async (_, mode, message) => {
    await using place = await InteropPlace.open()
    const { pid } = await place.startNode({ ...place.toRust({ RUST_MODE: mode }), readyTimeoutMs: 1_500 })
    place.deployRust()
    const asked = await place.askByRust()
    expect(asked).toEqual({ code: 1, said: expect.stringContaining(`failed ${message}`) })
    expect(await place.answer()).toMatchObject({ pid, version: 'node' })
    await place.onlyLeft(pid)
    // It can try again, with a program that works.
    place.deployScript(`unset RUST_MODE; exec '${place.rust}' "$@"`)
    expect((await place.askByRust()).code).toBe(0)
    expect(await place.answer()).toMatchObject({ version: 'rust', state: '7' })
  })
})
