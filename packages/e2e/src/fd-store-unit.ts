import type { Machine } from './machine.ts'

export const example = 'shellflip-systemd'
export const unit = 'app-fd-store.service'
export const port = 8091
export const path = '/run/app-fd-store/http.sock'
/** The sockets that the example leaves for its next instance while it serves. */
export const sockets = ['listen%3Atcp%3A//*%3A8091', `listen%3Aunix%3A${path}`, 'shellflip-control']

/** The requests of the tests to the example's unit that has an fd store. */
export function fdStoreUnit(machine: () => Machine) {
  return {
    visits: async (...target: string[]) => {
      const where = target.length > 0 ? target : [`localhost:${port}`]
      const answer = await machine().run(['curl', '--silent', ...where])
      return Number(/visit (\d+)$/.exec(answer)?.[1])
    },

    mainPid: async () => (await machine().show(unit, 'MainPID')).MainPID,

    journal: async () => (await machine().journal(unit)).join('\n'),

    restart: () => machine().run(['systemctl', 'restart', unit]),

    /** The names in systemd's own list of what it keeps for the unit. */
    stored: async () => {
      const list = await machine().run(['systemd-analyze', 'fdstore', '--json=short', unit])
      return (JSON.parse(list) as { fdname: string }[]).map(({ fdname }) => fdname).sort()
    },

    deploy: async (release: string, change: (server: string) => string) => {
      await machine().install(example, release)
      const file = `/srv/${example}/releases/${release}/server.mjs`
      const server = await machine().run(['cat', file])
      const changed = change(server)
      if (changed === server) throw new Error(`${release} is the example as it stands`)
      machine().write(file, changed)
    },

    /** A drop-in of the unit's [Service]; undo takes it away. */
    override: async (lines: string) => {
      const folder = `/run/systemd/system/${unit}.d`
      machine().write(`${folder}/test.conf`, `[Service]\n${lines}\n`)
      await machine().run(['systemctl', 'daemon-reload'])
      return async () => {
        await machine().run(['rm', '-r', folder])
        await machine().run(['systemctl', 'daemon-reload'])
      }
    },
  }
}
