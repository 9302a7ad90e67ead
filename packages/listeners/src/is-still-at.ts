import { isUnixPathBound, socketFileAt } from '@shellflip/fd-passing'

/**
 * Reports whether the socket of a predecessor is still at its path.
 *
 * @param file names the file as the predecessor found it. Without it, any bound socket counts
 */
export function isStillAt(path: string, file: string | undefined): boolean {
  const found = socketFileAt(path)
  return file === undefined || found === undefined ? isUnixPathBound(path) : found === file
}
