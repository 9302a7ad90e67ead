import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { environment, mark } from './environment.mjs'
import { PeerUnavailable } from './peer-unavailable.mjs'

const setting = '/proc/sys/net/ipv4/tcp_migrate_req'

/** The setting belongs to the network namespace. Linux has it since 5.14. */
export async function prepareMigration() {
  try {
    accessSync(setting, constants.W_OK)
  } catch (error) {
    const message = `this process cannot write ${setting}. Run as root on Linux 5.14 or newer`
    throw new PeerUnavailable(message, { cause: error })
  }
}

/** Switches net.ipv4.tcp_migrate_req on, until `stop()`. A shell restores it, also when SIGKILL ends this process. */
export function migrateRequests() {
  const former = readFileSync(setting, 'utf8').trim()
  const { [mark]: _, ...env } = environment()
  const restorer = spawn('/bin/sh', ['-c', 'cat; echo "$1" >"$2"', 'restore', former, setting], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
    detached: true,
  })
  writeFileSync(setting, '1')
  return {
    async stop() {
      if (restorer.exitCode !== null) return
      restorer.stdin.end()
      await once(restorer, 'exit')
    },
    lastLines: () => '',
  }
}
