import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { ShellflipError } from './shellflip-error.ts'

/**
 * Checks that this process is ours to replace.
 *
 * @throws {ShellflipError} ERR_CLUSTER_WORKER
 * @throws {ShellflipError} ERR_WORKER_THREAD
 */
export function checkPlace(): void {
  if (cluster.isWorker) {
    throw new ShellflipError(
      'ERR_CLUSTER_WORKER',
      'a cluster worker cannot replace itself, because its primary has the sockets. Call shellflip() in the primary, or run ' +
        'the service under procroll',
    )
  }
  if (!isMainThread) {
    throw new ShellflipError(
      'ERR_WORKER_THREAD',
      'a worker thread cannot replace the process. Call shellflip() in the main thread',
    )
  }
}
