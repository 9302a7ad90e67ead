import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

const service = `
  import { shellflip } from 'shellflip'
  const flip = await shellflip({ pidFile: process.argv[1] })
  try {
    await flip.ready()
  } catch (error) {
    console.log(error.code + ': ' + error.message)
  }
  process.exit()
`

test('a pid file that cannot be written whole shows before the service is ready, and leaves nothing', async () => {
  using folder = temporaryFolder()
  // As on a full disk, the file can be created, and takes no byte.
  const limited = ['-c', `trap '' XFSZ; ulimit -f 0; exec "$@"`, 'sh', process.execPath]
  const command = ['--input-type=module', '-e', service, folder.join('web.pid')]
  await using started = TestProcess.start('sh', [...limited, ...command], { cwd: packageFolder })
  await started.printed(/^ERR_PID_FILE: cannot write pidFile \S+web\.pid: EFBIG/)
  await started.exit
  expect(readdirSync(folder.path)).toEqual([])
})

test("it is written under Node's permission model, which refuses fchmod and fsync", async () => {
  using folder = temporaryFolder()
  const known = process.allowedNodeEnvironmentFlags
  const flags = [
    known.has('--permission') ? '--permission' : '--experimental-permission',
    ...['--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons', '--allow-child-process'],
    ...(known.has('--allow-net') ? ['--allow-net'] : []),
  ]
  const serves = `
    import { readFileSync } from 'node:fs'
    import { shellflip } from 'shellflip'
    process.umask(0o077)
    const flip = await shellflip({ pidFile: process.argv[1] })
    await flip.ready()
    console.log('pid file: ' + readFileSync(process.argv[1], 'utf8'))
    process.exit()
  `
  const command = ['--input-type=module', '-e', serves, folder.join('web.pid')]
  await using started = TestProcess.node([...flags, ...command], { cwd: packageFolder })
  await started.printed(new RegExp(`^pid file: ${started.pid}\\n`))
})
