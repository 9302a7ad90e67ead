import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { RepeatedService } from '../testing/repeated-service.ts'

const require = createRequire(import.meta.url)
const postject = join(dirname(require.resolve('postject')), 'cli.js')
const { execPath: node } = process

/** Strict: an argument too much is an error. */
const main = `
  const library = ${JSON.stringify(require.resolve('shellflip'))}
  const { shellflip } = require('node:module').createRequire(library)(library)
  const { values } = require('node:util').parseArgs({ options: { name: { type: 'string' } } })
  const say = (what) => console.log(JSON.stringify({ pid: process.pid, ...what }))
  const onEvent = ({ type, outcome }) => type === 'upgrade-over' && say({ outcome })
  shellflip({ launcher: false, onEvent }).then(async (flip) => {
    setInterval(() => {}, 1000)
    await flip.ready()
    say({ serves: { app: values } })
    await flip.done
    process.exit()
  })`

/** As Node's manual has it. @returns its path */
function build(folder: ReturnType<typeof temporaryFolder>): string {
  const app = folder.join('app')
  const config = {
    main: folder.join('main.cjs'),
    output: folder.join('blob'),
    disableExperimentalSEAWarning: true,
  }
  writeFileSync(config.main, main)
  writeFileSync(folder.join('sea.json'), JSON.stringify(config))
  execFileSync(node, ['--experimental-sea-config', folder.join('sea.json')], { stdio: 'pipe' })
  copyFileSync(node, app)
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  execFileSync(node, [postject, app, 'NODE_SEA_BLOB', config.output, '--sentinel-fuse', fuse], {
    stdio: 'pipe',
  })
  return app
}

test.runIf(process.platform === 'linux')(
  'a single executable application is upgraded at every request',
  async () => {
    using folder = temporaryFolder()
    build(folder)
    await using service = await RepeatedService.start(['./app', '--name', 'web'], { cwd: folder.path })
    for (const _ of [2, 3, 4]) expect((await service.upgraded()).app).toEqual({ name: 'web' })
  },
  120_000,
)
