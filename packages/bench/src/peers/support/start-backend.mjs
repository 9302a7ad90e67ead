import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitFor } from '@shellflip/testing'
import { ProcessTree } from './process-tree.mjs'

/** Starts the server behind a proxy, on a UNIX socket. The tree of the proxy does not include it. */
export async function startBackend(folder) {
  const path = join(folder, 'backend.sock')
  const program = fileURLToPath(new URL('backend.mjs', import.meta.url))
  const tree = await ProcessTree.start(process.execPath, [program, path], {
    folder,
    log: 'backend.log',
    isCounted: false,
  })
  await waitFor(() => existsSync(path), { what: 'the backend' })
  return { path, tree }
}
