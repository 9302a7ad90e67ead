import { expect, test } from 'vitest'
import { ManagerLink } from './manager-link.ts'

const told = { NOTIFY_SOCKET: '@nobody', WATCHDOG_USEC: '30000000', FDSTORE: '16' }

test('the variables of a service manager reach a successor, and no other child', () => {
  const env = { ...told, WATCHDOG_PID: String(process.pid), PATH: '/bin' }
  const manager = new ManagerLink(() => {}, env)
  expect(manager.environment).toEqual(told)
  expect(env).toEqual({ PATH: '/bin' })
  manager.close()
})

test('without one there is nothing to pass on', () => {
  const manager = new ManagerLink(() => {}, {})
  expect(manager.environment).toEqual({})
  manager.close()
})
