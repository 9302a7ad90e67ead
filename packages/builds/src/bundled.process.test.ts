import { writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { bundlers } from './testing/bundlers.ts'
import { installedProject } from './testing/installed-project.ts'
import { failureOf, isUpgraded } from './testing/run-service.ts'

const project = installedProject()
const service = project.join('service.mjs')
/** The one import that matters: it is bundled in a tenth of the time. */
const importer = project.join('importer.mjs')
writeFileSync(importer, "import { pipe } from '@shellflip/fd-passing'\npipe()\n")

afterAll(() => project[Symbol.dispose]())

describe.each(Object.entries(bundlers))('a bundle of %s', (name, bundle) => {
  it('that leaves shellflip outside starts and upgrades', async () => {
    const folder = project.join(name.replaceAll(' ', '-'))
    expect(await isUpgraded(await bundle(service, folder, true))).toBe(true)
  }, 60_000)

  it('that holds the addon fails at its start, and names what to leave outside', async () => {
    using elsewhere = temporaryFolder()
    const failure = await failureOf(await bundle(importer, elsewhere.join('dist'), false))
    expect(failure).toContain("code: 'ERR_NATIVE_MISSING'")
    const [, message] = /^FdPassingError: (.*)/m.exec(failure) ?? []
    expect(message).toMatch(/in a bundle.* Leave the packages shellflip, procroll and @shellflip\/\* out/)
    expect(message).toContain('esbuild --external:shellflip --external:@shellflip/*')
    expect(message).not.toMatch(/rebuild|does not exist/)
  }, 60_000)
})
