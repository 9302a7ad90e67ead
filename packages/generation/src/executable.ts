import type { Bytes } from '@shellflip/fd-passing'
import { pathFrom } from '@shellflip/internal'

/** confstr(_CS_PATH) of Linux, which execvp(3) takes without a PATH. */
const defaultPath = '/usr/bin:/bin'

/**
 * Lists the paths that execvp(3) tries for a command, in this order. A relative path, or an empty entry of PATH, is resolved in the
 * working directory of the new process. This function does not access the file system: the kernel looks up the paths at the start.
 */
export function executablePaths(file: Bytes, path: Bytes | undefined): Bytes[] {
  const name = Buffer.from(file)
  if (name.includes('/')) return [file]
  return split(Buffer.from(path ?? defaultPath)).map((folder) =>
    pathFrom(folder.length === 0 ? '.' : folder, name),
  )
}

function split(path: Buffer): Buffer[] {
  const end = path.indexOf(':')
  return end === -1 ? [path] : [path.subarray(0, end), ...split(path.subarray(end + 1))]
}
