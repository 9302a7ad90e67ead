const bigLength = 204_800
const bigBodies = new Map()

/** Answers `/`, `/big` and `/stream` as every server of the bench does. */
export function answer(request, response, generation = process.pid) {
  const head = `GENERATION ${generation}\n`
  if (request.url === '/stream') stream(response, head)
  else send(response, request.url === '/big' ? bigBody(head) : head)
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

function stream(response, head) {
  response.writeHead(200, { 'Content-Type': 'text/plain' })
  response.write(head)
  let ticks = 0
  const timer = setInterval(() => response.write(`tick ${++ticks}\n`), 100)
  response.once('close', () => clearInterval(timer))
}
