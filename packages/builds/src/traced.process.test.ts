import { cpSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import * as nft from '@vercel/nft'
import * as oldNft from '@vercel/nft-0.30'
import { afterAll, describe, expect, it } from 'vitest'
import { addSystems, installedProject } from './testing/installed-project.ts'
import { isUpgraded } from './testing/run-service.ts'

const project = installedProject()
const systems = addSystems(project.path)
afterAll(() => project[Symbol.dispose]())

/** Next, Nitro and Vercel carry different versions. Those before 1.0 do not follow createRequire(). */
describe.each([
  ['1.11', nft.nodeFileTrace],
  ['0.30', oldNft.nodeFileTrace],
])('what @vercel/nft %s traces', (_version, nodeFileTrace) => {
  it('starts and upgrades elsewhere, on each system', async () => {
    using elsewhere = temporaryFolder()
    const { fileList } = await nodeFileTrace([project.join('service.mjs')], { base: project.path })
    for (const file of fileList) cpSync(project.join(file), elsewhere.join(file))
    expect([...fileList].filter((file) => file.endsWith('.node')).sort()).toEqual(systems)
    expect(await isUpgraded(elsewhere.join('service.mjs'))).toBe(true)
  }, 60_000)
})
