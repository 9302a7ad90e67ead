import { createSocket } from 'node:dgram'
import { get } from 'node:http'
import { text } from 'node:stream/consumers'

/** Returns the pid that a service answers with. */
export function askHttp(where: { host: string; port: number } | { socketPath: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get({ ...where, agent: false, timeout: 5_000 }, (response) => {
      text(response).then((body) => resolve(Number(body)), reject)
    })
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no server answers')))
  })
}

/** Does the same over UDP. */
export async function askUdp(port: number): Promise<number> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('no server answers')), 5_000).unref()
      socket.on('message', (message) => resolve(Number(message)))
      socket.send('who?', port, '127.0.0.1')
    })
  } finally {
    socket.close()
  }
}
