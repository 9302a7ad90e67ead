/** The longest key that is kept, in bytes. */
const maxKeyBytes = 32

const places = 512

type Kept = { readonly bytes: Uint8Array; readonly key: string }

/**
 * Keeps keys that were decoded. The objects of a state have few different keys, each of them thousands of times. A comparison of bytes is
 * faster than a new string, which the engine must look up once more to find the property.
 */
export class KeyCache {
  readonly #kept: (Kept | undefined)[] = new Array(places).fill(undefined)

  /** Finds the key that these bytes stand for, if it was kept. */
  find(bytes: Uint8Array, from: number, length: number): string | undefined {
    if (length === 0 || length > maxKeyBytes) return undefined
    const kept = this.#kept[placeOf(bytes, from, length)]
    return kept !== undefined && kept.bytes.length === length && isAt(bytes, from, kept.bytes)
      ? kept.key
      : undefined
  }

  /** Keeps a key, in place of another one that may be there. The bytes may change afterwards. */
  keep(key: string, bytes: Uint8Array, from: number, length: number): void {
    if (length === 0 || length > maxKeyBytes) return
    this.#kept[placeOf(bytes, from, length)] = {
      bytes: new Uint8Array(bytes.subarray(from, from + length)),
      key,
    }
  }
}

function placeOf(bytes: Uint8Array, from: number, length: number): number {
  const first = bytes[from] as number
  const middle = bytes[from + (length >> 1)] as number
  const last = bytes[from + length - 1] as number
  return (first + middle * 7 + last * 31 + length * 97) & (places - 1)
}

function isAt(bytes: Uint8Array, from: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (bytes[from + index] !== expected[index]) return false
  }
  return true
}
