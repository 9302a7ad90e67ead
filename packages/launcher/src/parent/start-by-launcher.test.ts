import { socketpair } from '@shellflip/fd-passing'
import { expect, test } from 'vitest'
import { launchCommand } from '../command/launch-command.ts'
import { launcherVariable } from '../descriptor-variables.ts'
import { LauncherLink } from './launcher-link.ts'
import { findStarter } from './start-by-launcher.ts'

test('a launcher does not start a service of the Rust crate, which needs more than a handover channel', async () => {
  const { link, remote } = LauncherLink.pair()
  const [fd, other] = socketpair('stream')
  const { startSuccessor } = findStarter({ [launcherVariable]: String(remote.release()) })
  for (const passed of [[], [{ fd }], [{ fd, variable: 'OXY_NOTIFY_SOCKET' }]]) {
    await expect(startSuccessor(launchCommand({}), passed)).rejects.toMatchObject({ code: 'ERR_LAUNCHER' })
  }
  expect((await link.hear())?.message).toEqual({ type: 'hello' })
  link.close()
  fd.close()
  other.close()
})
