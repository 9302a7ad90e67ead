export type Answer = { status: number; headers: Readonly<Record<string, string>>; body: string }

type Framing = { type: 'length'; bytes: number } | { type: 'chunked' } | { type: 'until-close' }

type Head = { status: number; headers: Record<string, string>; framing: Framing }

/** Reads one HTTP/1.1 answer from the bytes of a connection; throws on what is none. */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0)
  #head: Head | undefined

  /** The answer, when these bytes complete it. */
  push(chunk: Buffer): Answer | undefined {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    while (this.#head === undefined) {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return undefined
      const head = readHead(this.#bytes.toString('latin1', 0, end))
      this.#bytes = this.#bytes.subarray(end + 4)
      if (head.status >= 200) this.#head = head
    }
    const { framing } = this.#head
    if (framing.type === 'length') return this.#withLength(framing.bytes)
    if (framing.type === 'chunked') return this.#chunked()
    return undefined
  }

  /** The answer, when the end of the connection completes it. */
  end(): Answer | undefined {
    if (this.#head?.framing.type !== 'until-close') return undefined
    return this.#answer(this.#bytes.toString('utf8'))
  }

  /** Some of an answer has come in, but not all of it. */
  get begun(): boolean {
    return this.#bytes.length > 0 || this.#head !== undefined
  }

  #withLength(bytes: number): Answer | undefined {
    if (this.#bytes.length < bytes) return undefined
    const body = this.#bytes.toString('utf8', 0, bytes)
    this.#bytes = this.#bytes.subarray(bytes)
    return this.#answer(body)
  }

  #chunked(): Answer | undefined {
    const chunks: Buffer[] = []
    for (let at = 0; ; ) {
      const lineEnd = this.#bytes.indexOf('\r\n', at)
      if (lineEnd < 0) return undefined
      const size = this.#bytes.toString('latin1', at, lineEnd)
      if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`not the size of a chunk: ${size}`)
      const from = lineEnd + 2
      const to = from + Number.parseInt(size, 16)
      if (this.#bytes.length < to + 2) return undefined
      chunks.push(this.#bytes.subarray(from, to))
      at = to + 2
      if (from < to) continue
      this.#bytes = this.#bytes.subarray(at)
      return this.#answer(Buffer.concat(chunks).toString('utf8'))
    }
  }

  #answer(body: string): Answer {
    const { status, headers } = this.#head as Head
    this.#head = undefined
    return { status, headers, body }
  }
}

function readHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  if (Number.isNaN(status)) throw new Error(`not an answer: ${statusLine}`)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) throw new Error(`not a header: ${line}`)
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status, headers, framing: framingOf(status, headers) }
}

/** RFC 9112, 6.3 */
function framingOf(status: number, headers: Record<string, string>): Framing {
  if (status < 200 || status === 204 || status === 304) return { type: 'length', bytes: 0 }
  if (headers['transfer-encoding'] === 'chunked') return { type: 'chunked' }
  const length = headers['content-length']
  return length === undefined ? { type: 'until-close' } : { type: 'length', bytes: Number(length) }
}
