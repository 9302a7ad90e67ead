import { rmSync, writeFileSync } from 'node:fs'
import type { Machine } from './machine.ts'

/** The findings of a watch: how often it asked systemd, the main pids in their order, and the errors. */
export type MainPidReport = { asked: number; pids: number[]; wrong: string[] }

const stopFile = '/run/main-pid-watch-ends'

/**
 * Asks systemd for a unit's main pid again and again, without a pause, until it is stopped. Wrong are: none, and a process
 * that has ended and is told of even so.
 */
const program = `
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
const mainPid = () => Number(execFileSync('systemctl', ['show', '--value', '-p', 'MainPID', process.argv[1]]))
const isAlive = (pid) => {
  try {
    return !/^[ZX]/.test(readFileSync('/proc/' + pid + '/stat', 'utf8').split(') ')[1])
  } catch {
    return false
  }
}
const report = { asked: 0, pids: [], wrong: [] }
while (!existsSync('${stopFile}')) {
  const pid = mainPid()
  report.asked++
  if (pid === 0) report.wrong.push('no main pid')
  if (report.pids.at(-1) !== pid) report.pids.push(pid)
  if (pid !== 0 && !isAlive(pid) && mainPid() === pid) report.wrong.push('dead: ' + pid)
}
console.log(JSON.stringify(report))
`

export function watchMainPid(machine: Machine, unit: string): { stop(): Promise<MainPidReport> } {
  rmSync(machine.path(stopFile), { force: true })
  const watching = machine.run(['node', '--input-type=module', '--eval', program, '--', unit])
  watching.catch(() => {})
  return {
    async stop() {
      writeFileSync(machine.path(stopFile), '')
      return JSON.parse(await watching)
    },
  }
}
