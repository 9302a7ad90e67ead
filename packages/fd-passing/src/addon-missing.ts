import { existsSync } from 'node:fs'
import { FdPassingError } from './error.ts'

/** Describes the addon, as native/load.cjs knows it. */
export type AddonFile = {
  /** Where the addon for this Node lies. */
  readonly path: string
  libc(): 'glibc' | 'musl' | undefined
}

type Explanation = { reason: string; advice: string }

/** @param addon undefined if native/load.cjs itself did not load */
export function addonMissing(cause: unknown, addon: AddonFile | undefined): FdPassingError {
  const { reason, advice } = explain(cause as NodeJS.ErrnoException, addon)
  return new FdPassingError(
    'ERR_NATIVE_MISSING',
    `the native addon of @shellflip/fd-passing does not load: ${reason}. ${advice}`,
    { cause },
  )
}

function explain({ code, message }: NodeJS.ErrnoException, addon: AddonFile | undefined): Explanation {
  if (code === 'ERR_DLOPEN_DISABLED') return disabled()
  if (code === 'ERR_ACCESS_DENIED') {
    return {
      reason: "Node's permission model does not let this process read its files",
      advice: 'Add --allow-fs-read=* or name the folder of the package there.',
    }
  }
  if (addon === undefined) {
    return {
      reason: 'its loader native/load.cjs is not beside this code, as in a bundle',
      advice:
        "Add @shellflip/fd-passing to the bundler's externals (esbuild --external, ncc --external, rollup external, " +
        'webpack externals, Next serverExternalPackages), and install the package beside the bundle.',
    }
  }
  return existsSync(addon.path) ? unloadable(addon, message) : missing(addon)
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

function missing(addon: AddonFile): Explanation {
  const own = addon.libc()
  const other = own === 'musl' ? 'glibc' : 'musl'
  if (own !== undefined && existsSync(addon.path.replace(`.${own}.`, `.${other}.`))) {
    return {
      reason: `it was built for ${other}, and this Node runs on ${own}`,
      advice: `Install the package on a system with ${own}, such as the one that runs it.`,
    }
  }
  return {
    reason: `${addon.path} does not exist`,
    advice: `A deployment that copies the package must copy its folder prebuilds. ${howToBuild}`,
  }
}

function unloadable({ path }: AddonFile, message: string): Explanation {
  const reason = message.trim().split('\n')[0] as string
  if (/failed to map segment/.test(message)) {
    return {
      reason,
      advice: `The file system of ${path} forbids execution: mount it without noexec, or move the package.`,
    }
  }
  return { reason, advice: howToBuild }
}

const howToBuild =
  'Where no prebuilt one fits it is built at install, with a C compiler: run `npm rebuild @shellflip/fd-passing`, or ' +
  '`pnpm approve-builds` and `pnpm rebuild @shellflip/fd-passing`.'
