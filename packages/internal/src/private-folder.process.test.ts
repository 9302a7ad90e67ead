import { chmodSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const isRoot = process.geteuid?.() === 0

/** Makes two folders in a user namespace that maps one uid: / and /tmp belong to nobody there. Prints both faults. */
const program = `
  import { mkdirSync } from 'node:fs'
  import { privateFolderFault } from '@shellflip/internal'
  const [place] = process.argv.slice(1)
  mkdirSync(place + '/ours', { mode: 0o700 })
  console.log('ours: ' + privateFolderFault(place + '/ours'))
  console.log('theirs: ' + privateFolderFault(place))
`

test.runIf(isRoot && process.platform === 'linux')(
  'owners that a user namespace does not know may own ancestors, and not the folder itself',
  async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o755)
    mkdirSync(folder.join('shared'))
    chmodSync(folder.join('shared'), 0o1777)
    const asUser = ['--reuid=4001', '--regid=4001', '--clear-groups', 'unshare', '--user', '--map-root-user']
    await using checked = TestProcess.start(
      'setpriv',
      [...asUser, process.execPath, '--input-type=module', '-e', program, folder.join('shared')],
      { cwd: packageFolder },
    )
    expect(await checked.exit).toEqual({ code: 0, signal: null })
    expect(checked.stdout).toMatch(
      /^ours: undefined\ntheirs: \S+shared belongs to uid 65534, not to root or uid 0\./,
    )
  },
)
