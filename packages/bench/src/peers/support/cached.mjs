import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerUnavailable } from './peer-unavailable.mjs'

/**
 * Returns the folder of `cache` that holds a peer's programs. `make` fills it once, if `install` allows that.
 * A folder without its mark is incomplete and made again.
 */
export async function cached({ cache, install }, name, make) {
  const folder = join(cache, name)
  const mark = join(folder, '.complete')
  if (existsSync(mark)) return folder
  if (!install) {
    throw new PeerUnavailable(`${name} is not in ${cache}. Run again with --install-peers to put it there`)
  }
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await make(folder)
  writeFileSync(mark, '')
  return folder
}
