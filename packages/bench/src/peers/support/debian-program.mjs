import { existsSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { cached } from './cached.mjs'
import { prepareWith } from './run-command.mjs'

/**
 * Finds a program on PATH, else in the cache. There it unpacks Debian packages, which installs nothing and starts no service.
 * Returns the command, and the environment that finds its libraries.
 */
export async function debianProgram(place, program, packages) {
  const found = process.env.PATH.split(delimiter)
    .concat('/usr/sbin', '/usr/local/sbin')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
  if (found !== undefined) return { command: found, env: {} }
  const folder = await cached(place, `debian-${program}`, async (into) => {
    await prepareWith('apt-get', ['download', ...packages], { cwd: into })
    for (const file of readdirSync(into)) await prepareWith('dpkg', ['-x', join(into, file), into])
  })
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.includes('.so.'))
  const libraries = new Set(files.map((name) => join(folder, dirname(name))))
  return {
    command: join(folder, 'usr/sbin', program),
    env: { LD_LIBRARY_PATH: [...libraries].join(delimiter) },
  }
}
