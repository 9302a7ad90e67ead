import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Machine } from './machine.ts'
import { addPodmanUser, bootWithPodman } from './podman-machine.ts'

let machine: Machine
let asUser: (command: string) => Promise<string>

beforeAll(async () => {
  machine = await bootWithPodman()
  asUser = await addPodmanUser(machine, 'alice')
})

afterAll(() => machine?.stop())

async function containersLeft(count: number): Promise<string> {
  let names = ''
  const isLeft = async () => {
    names = await asUser("podman ps --all --format '{{.Names}}'")
    return names.split('\n').filter(Boolean).length === count
  }
  await waitFor(isLeft, { deadlineMs: 20_000, what: `${count} containers to be left` })
  return names
}

test('the five commands of the example, as a plain user', async () => {
  const answer = () => asUser('curl --silent --show-error http://localhost:8080/')
  await asUser(`
    cd systemd-podman
    podman build -t localhost/procroll-podman-systemd-example:latest .
    mkdir -p ~/.config/systemd/user/
    cp procroll-example.service ~/.config/systemd/user/
    systemctl --user daemon-reload`)
  await asUser('systemctl --user start procroll-example.service')
  expect(await answer()).toBe('1')
  await asUser('systemctl --user reload procroll-example.service')
  expect(await answer()).toBe('2')
  expect(await containersLeft(1)).toMatch(/^procroll-example-\d+-2$/)

  await asUser('systemctl --user stop procroll-example.service')
  await containersLeft(0)
})
