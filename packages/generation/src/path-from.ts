import type { Bytes } from '@shellflip/fd-passing'

const slash = '/'.charCodeAt(0)

/** Where a path leads from a working directory. Symlinks and `..` in it stay as they are, for the kernel. */
export function pathFrom(cwd: Bytes, path: Bytes): Buffer {
  const bytes = Buffer.from(path)
  return bytes[0] === slash ? bytes : Buffer.concat([Buffer.from(cwd), Buffer.from('/'), bytes])
}
