import { realpathSync } from 'node:fs'
import { dirname, sep } from 'node:path'

/** Where the program was when this copy of the library was loaded: its working directory, and its script. */
const placesAtLoad = realPlaces(['.', process.argv[1]])

/**
 * Reports whether a deploy may delete the file together with the old release. That is so if a folder has the file and the program of this
 * process, and not the next one.
 *
 * @param next the working directory and the script of the next program
 */
export function isOfOldRelease(file: string, next: readonly (string | undefined)[]): boolean {
  return isLeftBehind(file, placesAtLoad, realPlaces(next))
}

/** Does the same for real paths. */
export function isLeftBehind(file: string, before: readonly string[], now: readonly string[]): boolean {
  let release: string | undefined
  for (let folder = dirname(file); !hasOneOf(folder, now); folder = dirname(folder)) {
    release = folder
    if (folder === dirname(folder)) break
  }
  return release !== undefined && hasOneOf(release, before)
}

function hasOneOf(folder: string, places: readonly string[]): boolean {
  const prefix = folder.endsWith(sep) ? folder : folder + sep
  return places.some((place) => place === folder || place.startsWith(prefix))
}

/** Follows symbolic links. Node adds an extension to a script that does not exist as it was typed, so then its folder counts. */
function realPlaces(paths: readonly (string | undefined)[]): string[] {
  return paths.flatMap((path) =>
    path === undefined ? [] : (realPathOf(path) ?? realPathOf(dirname(path)) ?? []),
  )
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
