import { checkIterable } from './check-call.ts'
import { checkedChunk } from './state-source.ts'

/** All of an encoded state in one buffer. */
export async function toBuffer(encoded: AsyncIterable<Uint8Array>): Promise<Buffer> {
  checkIterable('toBuffer() takes what encode() returns', encoded)
  const chunks: Uint8Array[] = []
  for await (const chunk of encoded) chunks.push(checkedChunk(chunk))
  return Buffer.concat(chunks)
}
