import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'

export const root = dirname(import.meta.dirname)

/** What is published: name, folder and manifest of each package under packages/ that is not private. */
export function publicPackages() {
  return readdirSync(`${root}/packages`)
    .map((folder) => `${root}/packages/${folder}`)
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }))
}
