import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { shapes } from './cells/shapes.mjs'

/** What there is to measure: peers and primitives by their folders, and the shapes of load. */
export async function discover() {
  return {
    peers: await peers(),
    shapes: Object.entries(shapes).map(([name, shape]) => ({ name, ...shape })),
    primitives: await primitives(),
  }
}

/** Every file of peers/ exports an array of configurations. check.mjs is the program that tries one. Ours come first. */
async function peers() {
  const lists = await Promise.all(
    modulesIn('peers')
      .filter((file) => file !== 'check.mjs')
      .map(async (file) => (await import(`./peers/${file}`)).default),
  )
  return lists
    .flat()
    .toSorted((a, b) => Number(b.isOurs ?? false) - Number(a.isOurs ?? false) || a.name.localeCompare(b.name))
}

/** A primitive is a file that exports a function of its own name: fd-rate.mjs exports `fdRate`. Other files help. */
function primitives() {
  const found = modulesIn('primitives')
    .map((file) => ({ file, name: basename(file, '.mjs') }))
    .map((entry) => ({ ...entry, exported: camelCase(entry.name) }))
    .filter(({ file, exported }) =>
      new RegExp(`export (async )?function ${exported}\\b`).test(textOf(`primitives/${file}`)),
    )
  return found.map(({ file, name, exported }) => ({
    name,
    measure: async () => (await import(`./primitives/${file}`))[exported](),
  }))
}

function modulesIn(folder) {
  return readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith('.mjs'))
    .toSorted()
}

function textOf(path) {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

function camelCase(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
}
