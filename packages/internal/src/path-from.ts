import type { Bytes } from './bytes.ts'

const slash = '/'.charCodeAt(0)

/** Joins a path to the directory that it counts from, unless it is absolute. Symlinks and `..` in it stay as they are, for the kernel. */
export function pathFrom(cwd: Bytes, path: Bytes): Buffer {
  const bytes = Buffer.from(path)
  return bytes[0] === slash ? bytes : Buffer.concat([Buffer.from(cwd), Buffer.from('/'), bytes])
}
