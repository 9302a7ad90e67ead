import { OwnedFd, UnixSocket } from '@shellflip/fd-passing'

const socket = UnixSocket.adopt(new OwnedFd(4))
process.on('message', (_, server) => {
  server.close()
  process.send('got it')
})
process.send('here')
for await (const { fds } of socket) {
  for (const fd of fds) fd.close()
  await socket.send('got it')
}
