import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ControlledSupervisor } from './controlled-supervisor.ts'
import type { PlaceEvent } from './events.ts'
import { SupervisorPlaces } from './supervisor-places.ts'

const places = new SupervisorPlaces('my-app')
const supervised = new ControlledSupervisor({ name: 'web', version: '1.0.0', command: ['app'] })

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder()
  vi.stubEnv('MY_APP_RUNTIME_DIR', folder.join('run'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  folder[Symbol.dispose]()
})

const claim = async (name: string) => {
  const place = await places.claim(supervised, { name })
  if (place === undefined) throw new Error('no place')
  return place
}

describe('a claimed place', () => {
  it('is found by its name, and while it is the only one without it', async () => {
    await using web = await claim('web')
    expect(web.controlSocket).toBe(folder.join('run', 'web', 'control.sock'))
    expect(places.running()).toEqual(['web'])
    expect(places.findControlSocket({ name: 'web' })).toBe(web.controlSocket)
    expect(places.findControlSocket()).toBe(web.controlSocket)
    await using _api = await claim('api')
    expect(() => places.findControlSocket()).toThrow(
      expect.objectContaining({
        code: 'ERR_SEVERAL_SUPERVISORS',
        message: '2 supervisors are running: api, web. Name one of them',
        supervisors: ['api', 'web'],
      }),
    )
  })

  it('is taken once', async () => {
    await using _web = await claim('web')
    await expect(claim('web')).rejects.toMatchObject({
      code: 'ERR_NAME_IN_USE',
      message: 'a supervisor named "web" is running. Roll it, stop it, or choose another name',
      supervisors: ['web'],
    })
  })

  it('leaves nothing when it is closed, but a record', async () => {
    const web = await claim('web')
    await web.close()
    expect(existsSync(folder.join('run', 'web'))).toBe(false)
    const api = await claim('api')
    writeFileSync(api.record, '')
    await api.close()
    expect(places.labels()).toEqual(['api'])
    expect(places.running()).toEqual([])
  })

  it('may be a control socket elsewhere', async () => {
    const controlSocket = folder.join('own', 'control.sock')
    await using place = await places.claim(supervised, { controlSocket })
    expect(place?.record).toBe(`${controlSocket}.generations.json`)
    expect(places.findControlSocket({ controlSocket })).toBe(controlSocket)
    await expect(places.claim(supervised, { controlSocket })).rejects.toMatchObject({
      code: 'ERR_NAME_IN_USE',
      message: expect.stringMatching(/^cannot open a control socket: /),
      supervisors: [],
    })
    const tooLong = folder.join('x'.repeat(120), 'control.sock')
    await expect(places.claim(supervised, { controlSocket: tooLong })).rejects.toMatchObject({
      code: 'ERR_SUPERVISOR_PATH_TOO_LONG',
    })
  })

  it('is the pid without a name', async () => {
    await using _place = await places.claim(supervised)
    expect(places.running()).toEqual([String(process.pid)])
  })
})

describe('a supervisor that cannot have a place', () => {
  it('continues without one if it has no name, and reports why', async () => {
    writeFileSync(folder.join('run'), '')
    const events: PlaceEvent[] = []
    expect(await places.claim(supervised, { onEvent: (event) => events.push(event) })).toBeUndefined()
    expect(events).toMatchObject([{ type: 'no-control-socket', error: { code: 'ERR_RUNTIME_FOLDER' } }])
    await expect(claim('web')).rejects.toMatchObject({ code: 'ERR_RUNTIME_FOLDER' })
  })

  it.each(['../web', '', '812', 'a b'])('refuses the name %j', async (name) => {
    await expect(claim(name)).rejects.toMatchObject({ code: 'ERR_INVALID_NAME' })
  })
})

describe('a supervisor that is not running', () => {
  it('is not found, whatever is left of it', () => {
    mkdirSync(folder.join('run', 'web'), { recursive: true, mode: 0o700 })
    expect(() => places.findControlSocket({ name: 'web' })).toThrow(
      expect.objectContaining({
        code: 'ERR_NO_SUPERVISOR',
        message: `no supervisor named "web" is running (none in ${folder.join('run')})`,
      }),
    )
    expect(() => places.findControlSocket({ controlSocket: '/nowhere/c.sock' })).toThrow(
      'no supervisor is running at /nowhere/c.sock. Check the path',
    )
    expect(() => places.findControlSocket({ name: '/' })).toThrow('"/" is not a name')
  })
})

it.each(['', 'My App', '../x', undefined])('the program %j has no places', (program) => {
  expect(() => new SupervisorPlaces(program as string)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
  )
})
