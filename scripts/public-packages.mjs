import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

export const root = dirname(import.meta.dirname)

/** The published packages of the repository at `from`: name, folder and manifest of each one under packages/ that is not private. */
export function publicPackages(from = root) {
  return readdirSync(`${from}/packages`)
    .map((folder) => `${from}/packages/${folder}`)
    .filter((folder) => existsSync(`${folder}/package.json`))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }))
}
