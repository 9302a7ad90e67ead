import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FdPassingError } from './error.ts'
import { packageFiles } from './package-files.ts'

/** Describes the addon, as native/load.cjs knows it. */
export type AddonFile = {
  /** The path of the addon for this Node. */
  readonly path: string
  libc(): 'glibc' | 'musl' | undefined
}

type Explanation = { reason: string; advice: string }

/** @param addon undefined if native/load.cjs itself did not load */
export function addonMissing(cause: unknown, addon: AddonFile | undefined): FdPassingError {
  const { reason, advice } = explain(cause as NodeJS.ErrnoException, addon)
  return new FdPassingError(
    'ERR_NATIVE_MISSING',
    `cannot load the native addon of @shellflip/fd-passing: ${reason}. ${advice}`,
    { cause },
  )
}

function explain({ code, message }: NodeJS.ErrnoException, addon: AddonFile | undefined): Explanation {
  if (code === 'ERR_DLOPEN_DISABLED') return disabled()
  if (code === 'ERR_ACCESS_DENIED') return unreadable
  const files = packageFiles()
  if (addon === undefined) {
    const isCopy = files !== undefined && isOwnManifest(files.manifest)
    return isCopy ? incomplete(files.loader, dirname(files.manifest)) : bundled
  }
  const folder = dirname(dirname(dirname(addon.path)))
  if (!isOwnManifest(join(folder, 'package.json'))) return bundled
  if (!existsSync(addon.path)) return missing(addon, folder)
  // The file is there, but a bundler has replaced require().
  if (code === 'MODULE_NOT_FOUND') return bundled
  return unloadable(addon.path, message, folder)
}

/** Tells a copy of this package from a bundle. Node reads the package.json of each ES module, so a copy has it. */
function isOwnManifest(path: string): boolean {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).name === '@shellflip/fd-passing'
  } catch {
    return false
  }
}

const bundled: Explanation = {
  reason: 'this code is in a bundle, and a bundle cannot contain the addon',
  advice:
    'Leave the packages shellflip, procroll and @shellflip/* out of the bundle, and install them beside it: ' +
    'esbuild --external:shellflip --external:@shellflip/*, ncc --external shellflip, rollup external, webpack externals, ' +
    'Next serverExternalPackages.',
}

const unreadable: Explanation = {
  reason: "Node's permission model does not let this process read its files",
  advice: 'Add --allow-fs-read=* or name the folder of the package there.',
}

function disabled(): Explanation {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS].join(' ')
  if ('permission' in process && !flags.includes('--no-addons')) {
    return {
      reason: "Node's permission model forbids addons",
      advice: 'Add the flag --allow-addons.',
    }
  }
  return {
    reason: 'Node was started with --no-addons',
    advice: 'Remove that flag from the command line or from NODE_OPTIONS.',
  }
}

function incomplete(path: string, folder: string): Explanation {
  return {
    reason: `${path} does not exist`,
    advice: `A deployment that copies the package must copy its folders native and prebuilds. ${howToBuild(folder)}`,
  }
}

function missing({ path, libc }: AddonFile, folder: string): Explanation {
  if (!existsSync(join(folder, 'prebuilds'))) return incomplete(path, folder)
  const own = libc()
  const other = own === 'musl' ? 'glibc' : 'musl'
  if (own !== undefined && existsSync(path.replace(`.${own}.`, `.${other}.`))) {
    return {
      reason: `it was built for ${other}, but this Node runs on ${own}`,
      advice: `Install the package on a system with ${own}, such as the one that runs it.`,
    }
  }
  return { reason: `${path} does not exist`, advice: howToBuild(folder) }
}

function unloadable(path: string, message: string, folder: string): Explanation {
  const reason = message.trim().split('\n')[0] as string
  if (/failed to map segment/.test(message)) {
    return {
      reason,
      advice: `The file system of ${path} forbids execution. Mount it without noexec, or move the package.`,
    }
  }
  if (path.includes('.zip/')) {
    return {
      reason: `${path} is in an archive, and the system loads addons from files only`,
      advice:
        'Set "dependenciesMeta": { "@shellflip/fd-passing": { "unplugged": true } } in package.json, and run `yarn install`.',
    }
  }
  return { reason, advice: howToBuild(folder) }
}

function howToBuild(folder: string): string {
  if (!existsSync(join(folder, 'native', 'install.mjs'))) {
    return 'This is a partial copy of the package. Make it from an installation for the system that runs it.'
  }
  return (
    'If no prebuilt addon fits, the installation builds one with a C compiler. Run `npm rebuild @shellflip/fd-passing`, or ' +
    '`pnpm approve-builds` and `pnpm rebuild @shellflip/fd-passing`.'
  )
}
