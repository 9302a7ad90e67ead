const headEnd = '\r\n\r\n'
const newline = 10
const bigBytes = 204_800
const dots = Buffer.alloc(bigBytes, '.')
const nothing = Buffer.alloc(0)

/**
 * Reads the answers of one connection. It keeps no body: it takes the generation from the first line, and compares the rest with
 * dots, so that a client of large answers is not what limits the load.
 */
export class AnswerReader {
  #pending = nothing
  #answer

  /** Calls `answered` with each answer that these bytes complete. Throws on bytes that are not an answer. */
  read(bytes, answered) {
    const chunk = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    this.#pending = nothing
    for (let at = 0; at < chunk.length; ) {
      if (this.#answer) at = this.#readBody(chunk, at)
      else {
        const end = chunk.indexOf(headEnd, at)
        if (end < 0) {
          this.#pending = chunk.subarray(at)
          return
        }
        this.#answer = readHead(chunk.latin1Slice(at, end + 2))
        at = end + headEnd.length
      }
      if (this.#answer?.left === 0) {
        const answer = this.#answer
        this.#answer = undefined
        answered(answer)
      }
    }
  }

  /** Some of an answer has come in, but not all of it. */
  get begun() {
    return this.#pending.length > 0 || this.#answer !== undefined
  }

  #readBody(chunk, from) {
    const answer = this.#answer
    const end = Math.min(chunk.length, from + answer.left)
    answer.left -= end - from
    let at = from
    if (!answer.line.endsWith('\n')) {
      const found = chunk.indexOf(newline, at)
      at = found < 0 ? end : Math.min(end, found + 1)
      answer.line += chunk.latin1Slice(from, at)
    }
    if (at < end) answer.isDotted &&= dots.compare(chunk, at, end, 0, end - at) === 0
    return end
  }
}

/** The id of the generation that a right answer names: alone, or with dots up to the size of /big. Undefined for a wrong body. */
export function generationIn(path, { size, line, isDotted }) {
  const expected = path === '/big' ? bigBytes : line.length
  return isDotted && size === expected ? /^GENERATION (\S+)\n$/.exec(line)?.[1] : undefined
}

/** Every server of the bench sends a Content-Length. */
function readHead(head) {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]
  const size = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1]
  if (status === undefined || size === undefined) throw new Error(`not an answer of the bench: ${head}`)
  return {
    status: Number(status),
    size: Number(size),
    left: Number(size),
    isLast: /\r\nconnection: *close\r\n/i.test(head),
    line: '',
    isDotted: true,
  }
}
