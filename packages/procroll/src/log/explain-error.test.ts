import { SupervisorControlError } from '@shellflip/supervisor-control'
import { expect, it } from 'vitest'
import { explainError } from './explain-error.ts'

it.each<[SupervisorControlError, string]>([
  [
    new SupervisorControlError('ERR_RUNTIME_FOLDER', 'x. Set XDG_RUNTIME_DIR to a folder of your own'),
    'x. Set XDG_RUNTIME_DIR to a folder of your own, or use --control-socket /run/app/control.sock',
  ],
  [
    new SupervisorControlError('ERR_SEVERAL_SUPERVISORS', 'x', { supervisors: ['api', 'web'] }),
    '2 supervisors are running: api, web. Choose one, for example: --name api',
  ],
  [
    new SupervisorControlError('ERR_NAME_IN_USE', 'x', { supervisors: ['api'] }),
    'a supervisor named "api" is running. Roll it (procroll roll --name api), stop it (procroll stop --name api), or choose another --name',
  ],
  [new SupervisorControlError('ERR_NAME_IN_USE', 'no control socket: x'), 'no control socket: x'],
  [new SupervisorControlError('ERR_NO_SUPERVISOR', 'nobody\x1b'), 'nobody\\x1b'],
])('%s names the flags of procroll', (error, text) => {
  expect(explainError(error, false)).toBe(text)
  expect(explainError(error, true)).toBe(text)
})
