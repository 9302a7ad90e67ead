import { readFileSync } from 'node:fs'
import { serviceScript } from './flip-sandbox.ts'

/** Returns what a process of Node can find out about its start. It is a function of its own, because it runs in CommonJS and in a module. */
const look = String.raw`
const look = (fs) => {
  const link = (name) => { try { return fs.readlinkSync(name) } catch (error) { return error.code } }
  const status = fs.readFileSync('/proc/self/status', 'utf8').split('\n')
  const stat = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')
  const isOurs = (line) => /^(Umask|Uid|Gid|Groups|SigBlk|SigIgn|SigCgt|Cap...|NoNewPrivs|Seccomp|Cpus_allowed):/.test(line)
  return {
    argv: process.argv, argv0: process.argv0, execPath: process.execPath, execArgv: process.execArgv, title: process.title,
    env: { ...process.env, SHELLFLIP_HANDOVER: typeof process.env.SHELLFLIP_HANDOVER },
    cwd: process.cwd(), linkedCwd: link('/proc/self/cwd'), cmdline: fs.readFileSync('/proc/self/cmdline', 'latin1'),
    streams: [0, 1, 2].map((fd) => link('/proc/self/fd/' + fd)),
    sockets: fs.readdirSync('/proc/self/fd').map((fd) => link('/proc/self/fd/' + fd)).filter((to) => to.startsWith('socket:')).length,
    status: status.filter(isOurs), limits: fs.readFileSync('/proc/self/limits', 'utf8'),
    cgroup: fs.readFileSync('/proc/self/cgroup', 'utf8'), oom: fs.readFileSync('/proc/self/oom_score_adj', 'utf8'),
    ppid: process.ppid, leadsGroup: Number(stat[2]) === process.pid, leadsSession: Number(stat[3]) === process.pid,
    events: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    resources: process.getActiveResourcesInfo(), ipc: typeof process.send,
  }
}
`
const append = 'JSON.stringify({ pid: process.pid, ...seen }) + "\\n")'

/** Programs that write to mirror.jsonl in their sandbox what they see, and then are the service of the sandbox. */
export const mirrorPrograms = {
  'app.mjs': `import fs from 'node:fs'
${look}
const seen = { ...look(fs), isMain: import.meta.main, url: import.meta.url, dirname: import.meta.dirname }
fs.appendFileSync(process.env.FLIP_FOLDER + '/mirror.jsonl', ${append}
await import('${serviceScript}')
`,
  'app.cjs': `const fs = require('node:fs')
${look}
const seen = { ...look(fs), isMain: require.main === module, parent: module.parent, file: __filename, main: process.mainModule === module,
  preloaded: globalThis.preloaded, cached: Object.keys(require.cache).filter((path) => !/shellflip|fd-passing/.test(path)) }
fs.appendFileSync(process.env.FLIP_FOLDER + '/mirror.jsonl', ${append}
import('${serviceScript}')
`,
}

export type Mirrored = { pid: number } & Record<string, unknown>

/** Reads what the processes of a sandbox have seen. */
export function mirrored(path: string): Mirrored[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((text) => JSON.parse(text))
}
