import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cachedLayer } from './layer-cache.ts'

const sources = join(import.meta.dirname, 'rust')

/**
 * Returns the program of rust/: a service of the Rust crate shellflip, and its client. It is compiled the first time, which takes about 30 s.
 *
 * @throws {E2eError} ERR_BUILD
 */
export async function rustProgram(): Promise<string> {
  const files = readdirSync(sources, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return join(await cachedLayer('rust', 'build-rust-service.sh', [sources], files), 'rust-service')
}
