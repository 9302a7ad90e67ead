import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { clientCpu } from './load/client-cpu.mjs'

const sysctls = ['net/core/somaxconn', 'net/ipv4/tcp_migrate_req', 'net/ipv4/tcp_tw_reuse']

/** What a reader has to know of the machine to compare figures. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    clientCpu: clientCpu ?? null,
    sysctls: Object.fromEntries(sysctls.map((name) => [name.replaceAll('/', '.'), setting(name)])),
  }
}

function setting(name) {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim()
  } catch {
    return null
  }
}
