import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Names the files that the addon is loaded from. Tracers of files copy the target of an expression over `import.meta.url`, so each path
 * is one expression. @vercel/nft before 1.0 (Nitro 3 has 0.30) copies nothing else, because it does not follow `createRequire()`.
 *
 * @returns undefined in a CommonJS bundle, which does not have `import.meta.url`
 */
export function packageFiles(): { manifest: string; loader: string; prebuilds: string } | undefined {
  try {
    return {
      manifest: join(dirname(fileURLToPath(import.meta.url)), '..', 'package.json'),
      loader: join(dirname(fileURLToPath(import.meta.url)), '..', 'native', 'load.cjs'),
      prebuilds: join(dirname(fileURLToPath(import.meta.url)), '..', 'prebuilds'),
    }
  } catch {
    return undefined
  }
}
