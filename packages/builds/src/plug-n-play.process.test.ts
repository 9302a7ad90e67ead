import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { installedProject } from './testing/installed-project.ts'
import { isUpgraded } from './testing/run-service.ts'

const plugNPlay = fileURLToPath(new URL('./testing/plug-n-play.mjs', import.meta.url))

test("a service starts and upgrades with the file system of Yarn Plug'n'Play", async () => {
  using project = installedProject()
  expect(await isUpgraded(project.join('service.mjs'), ['--import', plugNPlay])).toBe(true)
}, 60_000)
