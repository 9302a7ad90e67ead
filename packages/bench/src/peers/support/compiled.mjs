import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@shellflip/testing'
import { cached } from './cached.mjs'
import { graceMs } from './grace.mjs'
import { prepareWith } from './run-command.mjs'
import { digestOf } from './sources.mjs'

const goSources = fileURLToPath(new URL('../go', import.meta.url))
const rustSources = fileURLToPath(new URL('../rust', import.meta.url))

/** Builds our Go servers on the published packages, and returns the folder of the programs. */
export function buildGo(place) {
  return cached(place, `go-${digestOf(goSources)}`, (into) =>
    prepareWith('go', ['build', '-o', `${into}/`, './cmd/...'], { cwd: goSources }),
  )
}

/** Builds our Rust servers on the published crates, and returns the folder of the programs. */
export async function buildRust(place) {
  const folder = await cached(place, `rust-${digestOf(rustSources)}`, (into) => {
    const sources = join(into, 'sources')
    cpSync(rustSources, sources, { recursive: true })
    return prepareWith('cargo', ['build', '--release', '--target-dir', into], { cwd: sources })
  })
  return join(folder, 'release')
}

/** Returns an address, and the environment by which a compiled server gets it, its certificate and its way to stop. */
export async function compiledService({ shape, cert, key, drain }) {
  const port = await freePort('127.0.0.1')
  const tls = shape === 'T'
  const env = { ADDRESS: `127.0.0.1:${port}`, GRACE_MS: String(graceMs), DRAIN: drain }
  return { target: { host: '127.0.0.1', port }, tls, env: tls ? { ...env, CERT: cert, KEY: key } : env }
}

/** Returns the version of a crate, which Cargo.toml gives exactly. */
export function exactCrate(name) {
  const manifest = readFileSync(join(rustSources, 'Cargo.toml'), 'utf8')
  return new RegExp(`^${name} = .*"=([^"]+)"`, 'm').exec(manifest)[1]
}
