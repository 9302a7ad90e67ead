// A service that tells how it was started, in lines of JSON. APP_DOTENV names a file whose variables it puts into process.env,
// as dotenv does. APP_DELETES names a variable that it removes. APP_LAUNCH is `successor`, in JSON. It does not become ready while the
// file exists that APP_TROUBLE names.
import { existsSync, readFileSync } from 'node:fs'
import { url } from 'node:inspector'
import { setTimeout as delay } from 'node:timers/promises'
import { shellflip } from 'shellflip'

const say = (what) => process.stdout.write(`${JSON.stringify({ pid: process.pid, ...what })}\n`)
const { env } = process
if (existsSync(env.APP_DOTENV ?? '')) {
  for (const line of readFileSync(env.APP_DOTENV, 'utf8').trim().split('\n')) {
    const [name, value] = line.split('=')
    env[name] ??= value
  }
}
delete env[env.APP_DELETES]

const flip = await shellflip({
  launcher: env.APP_LAUNCHER === '1',
  readyTimeoutMs: 20_000,
  ...(env.APP_READY_TIMEOUT && { readyTimeoutMs: Number(env.APP_READY_TIMEOUT) }),
  ...(env.APP_PID_FILE && { pidFile: env.APP_PID_FILE }),
  ...(env.APP_LAUNCH && { successor: JSON.parse(env.APP_LAUNCH) }),
  onEvent: ({ type, ...event }) => {
    if (type === 'successor-started') say({ started: event.pid })
    if (type === 'upgrade-over') say({ outcome: event.outcome })
  },
  upgraded: ({ pid }) => say({ hook: pid }),
})
if (existsSync(env.APP_TROUBLE ?? '')) {
  say({ hangs: true })
  while (existsSync(env.APP_TROUBLE)) await delay(10)
}
await flip.ready()
say({
  serves: {
    app: Object.fromEntries(
      Object.entries(env).filter(([name]) => /^(APP_|LISTEN_|NOTIFY_|WATCHDOG_|NODE_CH)/.test(name)),
    ),
    argv: process.argv.slice(1),
    execArgv: process.execArgv,
    cwd: cwd(),
    inspector: url(),
    parent: process.ppid,
  },
})
const keptAlive = setInterval(() => {}, 1000)
const { type } = await flip.done
say({ done: type })
clearInterval(keptAlive)

function cwd() {
  try {
    return process.cwd()
  } catch {
    return null
  }
}
