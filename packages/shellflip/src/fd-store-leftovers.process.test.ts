import { writeSync } from 'node:fs'
import { listenTcp, localAddress, memfd, type OwnedFd } from '@shellflip/fd-passing'
import { NotifySocket } from '@shellflip/sd-notify'
import { defineState, toBuffer } from '@shellflip/state-serialization'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Deployment } from './testing/deployment.ts'

// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

const Visits = defineState({ name: 'visits', version: 1, schema: z.object({ visits: z.number() }) })

async function savedVisits(visits: number): Promise<OwnedFd> {
  const fd = memfd('visits')
  writeSync(fd.fd, await toBuffer(Visits.encode({ visits })))
  return fd
}

/** The messages to the manager, in order: the descriptors to give up, and the readiness. */
async function toldUntilReady(manager: NotifySocket): Promise<string[]> {
  const told: string[] = []
  for await (const { message } of manager) {
    if (message.fdStoreRemove) told.push(`remove ${message.fdName}`)
    if (message.ready) return [...told, 'ready']
  }
  return told
}

/** A memfd as an instance of the Rust crate leaves it: the bytes of the application, and the offset behind them. */
function rustMemfd(bytes: string): OwnedFd {
  const fd = memfd('shellflip_restart')
  writeSync(fd.fd, bytes)
  return fd
}

describe.runIf(process.platform === 'linux')(
  'a service that was in the fd store, and hands over to successors now',
  () => {
    test('takes what its last instance has left, once: the store is empty when it is ready', async () => {
      await using service = new Deployment()
      using manager = NotifySocket.open({ path: service.join('notify.sock') })
      using state = await savedVisits(41)
      using listener = listenTcp({ host: '127.0.0.1', port: 0 })
      const { port } = localAddress(listener.fd) as { port: number }
      using unit = listenTcp({ host: '127.0.0.1', port: 0 })
      const names = [`listen%3Atcp%3A//127.0.0.1%3A${port}`, 'state%3Avisits', 'unit']
      const told = toldUntilReady(manager)
      const started = await service.serve(
        { version: '1', sockets: [{ host: '127.0.0.1', port }], state: { value: { visits: 0 } } },
        {
          env: {
            NOTIFY_SOCKET: manager.path,
            LISTEN_PID: 'auto',
            LISTEN_FDS: '3',
            LISTEN_FDNAMES: names.join(':'),
          },
          extraFds: [listener.fd, state.fd, unit.fd],
        },
      )
      expect(started).toMatchObject({ ready: true, state: { visits: 41 } })
      expect(await told).toEqual([...names.slice(0, 2).map((name) => `remove ${name}`), 'ready'])
      listener.close()
      expect(await service.answer()).toMatchObject({ pid: started.pid })
      expect(service.lines.filter(({ event }) => event?.type === 'state-discarded')).toEqual([])
    })

    test('the state of an instance of the Rust crate is read, once', async () => {
      await using service = new Deployment()
      using manager = NotifySocket.open({ path: service.join('notify.sock') })
      using state = rustMemfd('41')
      const told = toldUntilReady(manager)
      const passed = {
        LISTEN_PID: 'auto',
        LISTEN_FDS: '1',
        LISTEN_FDNAMES: 'sf_mem_handover',
      }
      const started = await service.serve(
        { version: '1', state: { value: { visits: 0 } }, fromRust: true },
        { env: { NOTIFY_SOCKET: manager.path, ...passed }, extraFds: [state.fd] },
      )
      expect(started).toMatchObject({ ready: true, state: { visits: 41 } })
      expect(await told).toEqual(['remove sf_mem_handover', 'ready'])
      expect(service.lines.filter(({ event }) => event?.type === 'state-discarded')).toEqual([])
    })
  },
)
