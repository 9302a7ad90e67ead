// A service at argv's control socket. While a file `SOCKET.broken` stands there, a start ends with 3; `SOCKET.stuck` makes
// it wait, and never be ready.
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { shellflip } from 'shellflip'

const [, , controlSocket] = process.argv
const flip = await shellflip({ controlSocket, drainTimeoutMs: 5_000 })
void flip.listen(
  createServer((socket) => socket.end()),
  { name: 'app', host: '127.0.0.1', port: 0 },
)
if (existsSync(`${controlSocket}.broken`)) process.exit(3)
if (existsSync(`${controlSocket}.stuck`)) {
  setInterval(() => {}, 60_000)
} else {
  await flip.ready()
  console.log(`ready ${process.pid}`)
}
