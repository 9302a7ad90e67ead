import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { ServicePlace, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

/** A service of the README, where the packages that it imports can be found, as in a project that has them. */
function serviceOfTheReadme(
  language: 'js' | 'ts',
  example: string,
  replacements: Record<string, string> = {},
): { path: string } & Disposable {
  const block = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's')
  let [, code = ''] = block.exec(readFileSync(`${root}README.md`, 'utf8')) ?? []
  for (const [written, used] of Object.entries(replacements)) {
    expect(code).toContain(written)
    code = code.replace(written, used)
  }
  const path = `${root}examples/${example}/.readme-${process.pid}.mjs`
  writeFileSync(path, code)
  return { path, [Symbol.dispose]: () => rmSync(path, { force: true }) }
}

async function answerAt(socketPath: string): Promise<string> {
  const [response] = await once(get({ socketPath, agent: false }), 'response')
  return text(response)
}

test('procroll rolls the service of the README, and ends it well', async () => {
  using service = serviceOfTheReadme('ts', 'rolling-http')
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

test('shellflip restarts the service of the README', async () => {
  await using place = new ServicePlace()
  const [socket, control] = [place.join('http.sock'), place.join('restart.sock')]
  using service = serviceOfTheReadme('js', 'restarter', {
    'port: 8080': `path: ${JSON.stringify(socket)}`,
    "'/run/web/restart.sock'": JSON.stringify(control),
  })
  const first = place.start([service.path])
  expect(await waitFor(() => answerAt(socket))).toBe('hello\n')
  const { code, stdout } = await place.finish([
    `${root}packages/shellflip/dist/cli.js`,
    ...['restart', '--socket', control],
  ])
  expect(code).toBe(0)
  const [, pid] = /^restarted: pid (\d+) in \d+ ms\n$/.exec(stdout) ?? []
  await waitFor(() => place.processes.length === 1)
  expect(place.processes).toEqual([Number(pid)])
  expect(Number(pid)).not.toBe(first.pid)
  expect(await answerAt(socket)).toBe('hello\n')
})
