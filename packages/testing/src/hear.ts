import { connect } from 'node:net'

const HEARING_MS = 5_000

/** Returns the answer of a service at a path or port. */
export function hear(target: string | number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target)
    socket
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        text += chunk
      })
      .once('end', () => resolve(text))
      .setTimeout(HEARING_MS, () =>
        socket.destroy(new Error(`no answer at ${target} within ${HEARING_MS} ms`)),
      )
      .once('error', reject)
  })
}
