// A service in the folder of argv, which ends by itself however it ends. `ready` fails for a taken port, and is caught;
// `late` listens at a taken port when it serves; `unprivileged` cannot write its folder any more when it stops; `amid` is stopped while it binds, and binds when it is over.
import { chmodSync } from 'node:fs'
import { createServer } from 'node:net'
import { shellflip } from 'shellflip'

const [, , folder, how] = process.argv
const flip = await shellflip({
  controlSocket: `${folder}/control/restart.sock`,
  pidFile: `${folder}/pid`,
  launcher: false,
})
flip.coordinator.onDrain('work', async () => console.log('drained'))
const taken = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => taken.once('listening', resolve))
const { port } = taken.address()
const listenTaken = () => flip.listen(createServer(), { host: '127.0.0.1', port })

const listening = flip.listen(createServer(), { path: `${folder}/app.sock` })
if (how === 'amid') {
  taken.close()
  flip.stop()
  const tooLate = flip.listen(createServer(), { path: `${folder}/late.sock` })
  for (const { reason } of await Promise.allSettled([listening, tooLate])) console.log(reason?.code)
  console.log((await flip.done).type)
  process.exit()
}
await listening
if (how === 'ready') void listenTaken()
try {
  await flip.ready()
} catch (error) {
  console.log(error.code)
  process.exitCode = 3
  taken.close()
}
if (how === 'late') void listenTaken()
if (how === 'unprivileged') {
  taken.close()
  chmodSync(folder, 0o555)
  if (process.getuid() === 0) process.setuid(65_534)
  flip.stop()
  console.log((await flip.done).type)
}
