import { StateError } from './state-error.ts'

/** The first bytes of every envelope, and the version of this layout. */
export const magic = Buffer.from('SFSTATE')
export const envelopeVersion = 1
export const preambleBytes = magic.length + 1

/** The kinds of frames. */
export const frameKind = {
  /** The form of the state (u8), its version (u32), its name (UTF-8). */
  header: 1,
  /** A whole item. */
  item: 2,
  /** The length (u64) of an item that follows in parts. */
  large: 3,
  /** The next bytes of a large item. */
  part: 4,
  /** The number of items (u64), and of all bytes before this frame (u64). */
  end: 5,
  /** The length (u64) of a long byte string of the next item. Its bytes follow without a frame, and the next checksum covers them. */
  bytes: 6,
  /** The same, and no checksum covers the bytes: nothing on their way can damage them. */
  uncheckedBytes: 7,
} as const

export type Frame = { readonly kind: number; readonly payload: Buffer }

/** Kind (u8) and length of the payload (u32) before it, the checksum (u32) after it. All numbers are big-endian. */
export const frameHeadBytes = 5
export const checksumBytes = 4

/** The size of one write, and so of the longest frame. Every kind of socket can carry it in one message. */
export const maxChunkBytes = 200 * 1024
export const maxPayloadBytes = maxChunkBytes - preambleBytes - frameHeadBytes - checksumBytes

/** The form of the state: one value, or any number of items. */
export const form = { value: 1, items: 2 } as const
export type Form = (typeof form)[keyof typeof form]

export type Header = { readonly form: Form; readonly name: string; readonly version: number }

const headerFixedBytes = 5
export const maxNameBytes = 255

export function headerPayload({ form, name, version }: Header): Buffer {
  const fixed = Buffer.alloc(headerFixedBytes)
  fixed.writeUInt8(form)
  fixed.writeUInt32BE(version, 1)
  return Buffer.concat([fixed, Buffer.from(name)])
}

export function readHeader(payload: Buffer): Header | undefined {
  if (payload.length <= headerFixedBytes || payload.length > headerFixedBytes + maxNameBytes) return undefined
  const found = payload.readUInt8()
  if (found !== form.value && found !== form.items) return undefined
  return {
    form: found,
    version: payload.readUInt32BE(1),
    name: payload.toString('utf8', headerFixedBytes),
  }
}

/** The payload of `large`, `end` and long bytes: numbers of 64 bits. */
export function numbersPayload(...numbers: number[]): Buffer {
  const payload = Buffer.alloc(8 * numbers.length)
  numbers.forEach((number, index) => {
    payload.writeBigUInt64BE(BigInt(number), 8 * index)
  })
  return payload
}

/** The length of the frame `end`. */
export const endFrameBytes = frameHeadBytes + 16 + checksumBytes

export function readNumbers(payload: Buffer, count: number): number[] | undefined {
  if (payload.length !== 8 * count) return undefined
  return Array.from({ length: count }, (_, index) => Number(payload.readBigUInt64BE(8 * index)))
}

/** Refuses bytes that do not begin as an envelope of this layout does. `found` may be shorter than a preamble. */
export function checkPreamble(found: Buffer): void {
  const begun = found.subarray(0, magic.length)
  if (!begun.equals(magic.subarray(0, begun.length))) {
    throw new StateError(
      'ERR_STATE_FOREIGN',
      'this is not a state: it does not begin as one. Check that it is the right file',
    )
  }
  const version = found[magic.length]
  if (version !== undefined && version !== envelopeVersion) {
    throw new StateError(
      'ERR_STATE_UNKNOWN_FORMAT',
      `the state has an envelope of version ${version}, but this release knows only version ${envelopeVersion}. ` +
        'Both programs need compatible releases of @shellflip/state-serialization',
    )
  }
}
