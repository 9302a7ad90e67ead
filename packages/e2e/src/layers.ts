import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedLayer } from './layer-cache.ts'
import { repository } from './places.ts'

/**
 * The folders that a machine's root file system is laid out of, the upper one first: our packages, Debian packages that
 * a test wants besides, and the base with systemd. Made if they are not there.
 */
export async function layers(debianPackages: readonly string[] = []): Promise<string[]> {
  const base = await cachedLayer('base', 'build-base.sh')
  const added =
    debianPackages.length === 0
      ? []
      : [await cachedLayer('debian', 'add-debian-packages.sh', [base, ...debianPackages])]
  const packages = await cachedLayer('packages', 'install-packages.sh', [], publishedFiles())
  return [packages, ...added, base]
}

function publishedFiles(): string[] {
  const packages = join(repository, 'packages')
  return readdirSync(packages)
    .map((name) => join(packages, name))
    .filter((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private !== true)
    .flatMap((folder) => [
      join(folder, 'package.json'),
      ...filesIn(folder, 'dist'),
      ...filesIn(folder, 'prebuilds'),
    ])
}

function filesIn(folder: string, name: string): string[] {
  if (!readdirSync(folder).includes(name)) return []
  return readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
