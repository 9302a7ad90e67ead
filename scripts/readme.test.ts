import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

/** The service of the README, where the packages that it imports can be found, as in a project that has them. */
function serviceOfTheReadme(): { path: string } & Disposable {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(readFileSync(`${root}README.md`, 'utf8')) ?? []
  const path = `${root}examples/rolling-http/.readme-${process.pid}.mjs`
  writeFileSync(path, code)
  return { path, [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

async function answerAt(socketPath: string): Promise<string> {
  const [response] = await once(get({ socketPath, agent: false }), 'response')
  return text(response)
}

test('procroll rolls the service of the README, and ends it well', async () => {
  using service = serviceOfTheReadme()
  using folder = temporaryFolder()
  const socket = folder.join('http.sock')
  await using procroll = TestProcess.node(
    [
      `${root}packages/procroll/dist/cli.js`,
      ...['run', '--tempdir', folder.path, '--listen', `http=unix://${socket}`],
      ...['--', process.execPath, service.path],
    ],
    { env: { PROCROLL_RUNTIME_DIR: folder.join('run') } },
  )
  await procroll.printed(/"?generation ready"? generation=1/)
  expect(await answerAt(socket)).toBe('hello\n')
  procroll.kill('SIGHUP')
  await procroll.printed(/"?generation ready"? generation=2/)
  expect(await answerAt(socket)).toBe('hello\n')
  procroll.kill('SIGTERM')
  expect(await procroll.exit).toEqual({ code: 0, signal: null })
})
