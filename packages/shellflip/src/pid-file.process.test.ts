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
