import type { Cluster } from 'node:cluster'
import { ShellflipError } from './shellflip-error.ts'

/**
 * Checks that this process is ours to replace.
 *
 * @throws {ShellflipError} ERR_CLUSTER_WORKER
 * @throws {ShellflipError} ERR_WORKER_THREAD
 */
export function checkPlace(): void {
  // Loaded at the call, because a program that only imports this package needs neither.
  if ((process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker) {
    throw new ShellflipError(
      'ERR_CLUSTER_WORKER',
      'a cluster worker cannot replace itself, because its primary has the sockets. Call shellflip() in the primary, or run ' +
        'the service under procroll',
    )
  }
  if (!process.getBuiltinModule('node:worker_threads').isMainThread) {
    throw new ShellflipError(
      'ERR_WORKER_THREAD',
      'a worker thread cannot replace the process. Call shellflip() in the main thread',
    )
  }
}
