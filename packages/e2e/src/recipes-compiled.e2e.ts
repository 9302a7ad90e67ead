import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Machine } from './machine.ts'
import { bootWithRecipes, current, edit, rollUnderLoad } from './recipe-machine.ts'

const debianGo = '/usr/share/gocode'

/** Compilers take half a gigabyte and minutes. RECIPES=all runs these too. */
describe.runIf(process.env.RECIPES === 'all')('recipes that need a compiler', () => {
  let machine: Machine

  beforeAll(async () => {
    machine = await bootWithRecipes([
      ...['golang-go', 'golang-github-coreos-go-systemd-dev', 'openjdk-21-jdk-headless'],
    ])
  })

  afterAll(() => machine?.stop())

  test('a Java program is rolled without a failed request', { timeout: 180_000 }, async () => {
    await rollUnderLoad(machine, {
      name: 'java',
      port: 8108,
      deploy: () => edit(machine, 'Server.java'),
    })
  })

  test('a Go program is rolled without a failed request', { timeout: 400_000 }, async () => {
    await buildGo(machine)
    const deploy = async () => {}
    await rollUnderLoad(machine, { name: 'go', port: 8107, deploy, versions: ['v1'] })
  })
})

async function buildGo(machine: Machine): Promise<void> {
  // Debian's package lies where its first version had it.
  const coreos = 'src/github.com/coreos/go-systemd'
  await machine.run(['mkdir', '-p', `/tmp/go/${coreos}`])
  await machine.run(['ln', '-sfn', `${debianGo}/${coreos}`, `/tmp/go/${coreos}/v22`])
  await machine.run(
    [
      ...['env', 'GO111MODULE=off', `GOPATH=/tmp/go:${debianGo}`, 'GOCACHE=/tmp/go-cache', 'CGO_ENABLED=0'],
      ...['sh', '-c', `cd ${current} && go build -o go-server main.go`],
    ],
    { deadlineMs: 240_000 },
  )
}
