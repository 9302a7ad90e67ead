import { dirname } from 'node:path'
import { type ClaimedUnixPath, socketFileAt } from '@shellflip/fd-passing'
import { SweptPathWatch } from '@shellflip/internal'
import { claimPath } from './claim-path.ts'
import type { ControlServerEvent } from './events.ts'

type KeptPath = {
  /** Returns the file that the server listens at. */
  file: () => string | undefined
  /** Lets the server listen at the path that was claimed again. */
  move: (claimed: ClaimedUnixPath) => Promise<void>
  emit: (event: ControlServerEvent) => void
}

/**
 * Claims a path again after its socket was removed. The rules are those of the first claim. If another process listens at the path, it
 * keeps the path, and the claim is tried again later.
 */
export function keepPath(path: string, { file, move, emit }: KeptPath): Disposable {
  let busy = false
  let closed = false
  let lost = ''
  const watch = new SweptPathWatch(dirname(path), () => {
    if (!busy && socketFileAt(path) !== file()) void restore()
  })

  async function restore(): Promise<void> {
    busy = true
    try {
      const claimed = await claimPath(path)
      if (closed) return release(claimed)
      await move(claimed)
      watch.follow(dirname(path))
      lost = ''
      emit({ type: 'path-restored', path })
    } catch (error) {
      const { message } = error as Error
      if (message !== lost && !closed) emit({ type: 'path-lost', path, error: error as Error })
      lost = message
    } finally {
      busy = false
    }
  }

  return {
    [Symbol.dispose]() {
      closed = true
      watch[Symbol.dispose]()
    },
  }
}

function release({ listener, path }: ClaimedUnixPath): void {
  path.unlink()
  listener.close()
}
