import { spawn } from 'node:child_process'

const running = new Set()

/**
 * Runs a command to its end, or to its deadline, in a process group of its own that ends with it.
 * `onLine` sees each line as it comes; the answer holds all of them.
 */
export function runCommand([file, ...args], { cwd, env, deadlineMs, onLine = () => {} }) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const lines = []
    const take = (line) => {
      lines.push(line)
      onLine(line)
    }
    for (const stream of [child.stdout, child.stderr]) eachLine(stream, take)
    const deadline = setTimeout(() => {
      take(`ended after ${deadlineMs / 1000} s: it had not come to an end by itself`)
      endGroup(child.pid)
    }, deadlineMs)
    running.add(child.pid)
    child.on('error', (error) => take(error.message))
    // A process that a command left running may hold its output open. This does not wait for it.
    let patience
    child.on('exit', () => {
      patience = setTimeout(() => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy()
      }, 2000)
    })
    child.on('close', (code) => {
      clearTimeout(deadline)
      clearTimeout(patience)
      running.delete(child.pid)
      resolve({ ok: code === 0, lines })
    })
  })
}

function eachLine(stream, take) {
  let rest = ''
  stream.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop()
    for (const part of parts) take(part)
  })
  stream.on('close', () => {
    if (rest !== '') take(rest)
  })
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Ended meanwhile.
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const pid of running) endGroup(pid)
    process.exit(1)
  })
}
