import { waitFor } from '@shellflip/testing'
import { expect } from 'vitest'
import { Machine } from './machine.ts'

const example = 'recipes'
export const current = `/srv/${example}/current`

/** The Debian packages of all recipes but Caddy, in one machine. Another list would be another layer to install. */
export const serverPackages = ['nginx', 'haproxy', 'gunicorn', 'uvicorn', 'puma', 'redis-server']

/** A machine with the recipes of docs/recipes.md in it. */
export async function bootWithRecipes(debianPackages: readonly string[]): Promise<Machine> {
  const machine = await Machine.boot({ debianPackages })
  await machine.install(example)
  return machine
}

export async function answer(machine: Machine, port: number): Promise<string> {
  return (await machine.run(['curl', '--silent', '--max-time', '5', `http://127.0.0.1:${port}/`])).trim()
}

type Recipe = {
  name: string
  port: number
  deploy: () => Promise<unknown>
  /** The texts by which `deploy` makes the next version. @default ['v1', 'v2'] */
  versions?: readonly string[]
  /** How many connections the program may close before it has read their requests. */
  mayClose?: number
}

/** Starts a unit, rolls it to a second version under load, and stops it. */
export async function rollUnderLoad(
  machine: Machine,
  { name, port, deploy, versions = ['v1', 'v2'], mayClose = 0 }: Recipe,
): Promise<void> {
  const unit = `recipe-${name}.service`
  await machine.run(['systemctl', 'start', unit], { deadlineMs: 120_000 })
  expect(await answer(machine, port)).toBe(`${name} v1`)
  const load = machine.load({ target: { port }, newConnections: 4 })
  await load.answered(50)
  await deploy()
  for (const generation of [2, 3]) {
    await machine.run(['systemctl', 'reload', unit], { deadlineMs: 120_000 })
    expect((await machine.show(unit, 'StatusText')).StatusText).toContain(`generation ${generation} ready`)
    await load.answered(50)
  }
  const drained = async () => !/draining/.test((await machine.show(unit, 'StatusText')).StatusText ?? '')
  await waitFor(drained, { deadlineMs: 30_000 }).catch(async (cause) => {
    throw new Error((await machine.journal(unit)).slice(-30).join('\n'), { cause })
  })
  await load.answered(50)
  const { requests, ok, failed, failures, bodies } = await load.stop()
  console.log(`${name}: 2 rolls, ${requests} requests, ${failed} failed`)
  expect(failed, JSON.stringify(failures)).toBeLessThanOrEqual(mayClose)
  expect(ok).toBe(requests - failed)
  expect(Object.keys(bodies).map((body) => body.trim())).toEqual(
    versions.map((version) => `${name} ${version}`),
  )
  await machine.run(['systemctl', 'stop', unit])
  expect(await machine.show(unit, 'ActiveState', 'Result')).toEqual({
    ActiveState: 'inactive',
    Result: 'success',
  })
}

/** Makes version 2 of a recipe's file. */
export async function edit(machine: Machine, file: string): Promise<void> {
  await machine.run(['sed', '-i', 's/v1/v2/', `${current}/${file}`])
}
