const bigLength = 204_800
const bigBodies = new Map()

/** Answers `/`, `/big` and `/stream` as every server of the bench does. */
export function answer(request, response, generation = process.pid) {
  const head = `GENERATION ${generation}\n`
  const { pathname, searchParams } = new URL(request.url, 'http://bench')
  if (pathname === '/stream') stream(response, head, Number(searchParams.get('every') ?? 100))
  else send(response, pathname === '/big' ? bigBody(head) : head)
}

function send(response, body) {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

function bigBody(head) {
  const body = bigBodies.get(head) ?? Buffer.alloc(bigLength, head.padEnd(bigLength, '.'))
  bigBodies.set(head, body)
  return body
}

function stream(response, head, everyMs) {
  response.writeHead(200, { 'Content-Type': 'text/plain' })
  response.write(head)
  let ticks = 0
  const timer = setInterval(() => response.write(`tick ${++ticks}\n`), everyMs)
  response.once('close', () => clearInterval(timer))
}
