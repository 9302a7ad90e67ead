import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Measures the memory that this process holds once all garbage is gone. Its resident memory says less: how large V8 lets the
 * young generation grow before it collects differs by tens of MiB, from one version to the next.
 */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
