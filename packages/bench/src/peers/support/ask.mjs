import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/** Asks over a new connection. The certificate is the bench's own, so nobody has signed it. */
export function ask({ target, tls = false }, path = '/', options = {}) {
  const send = tls ? requestHttps : requestHttp
  const where = target.path === undefined ? target : { socketPath: target.path }
  return new Promise((resolve, reject) => {
    send({ ...where, path, agent: false, rejectUnauthorized: false, timeout: 10_000, ...options })
      .once('response', resolve)
      .once('upgrade', (response, socket) => resolve({ response, socket }))
      .once('timeout', function () {
        this.destroy(new Error(`no answer to ${path} within 10 s`))
      })
      .once('error', reject)
      .end()
  })
}

/** Returns the body of one answer, with its status and headers. */
export async function askWhole(server, path, options) {
  const response = await ask(server, path, options)
  const body = (await response.setEncoding('utf8').toArray()).join('')
  return { status: response.statusCode, headers: response.headers, body }
}

/** The generation that gave a body. */
export function generationOf(body) {
  return /^GENERATION (\S+)\n/.exec(body)?.[1]
}
