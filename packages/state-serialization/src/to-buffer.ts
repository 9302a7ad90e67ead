/** All of an encoded state in one buffer. */
export async function toBuffer(encoded: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of encoded) chunks.push(chunk)
  return Buffer.concat(chunks)
}
