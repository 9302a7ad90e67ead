import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { nodeResolve } from '@rollup/plugin-node-resolve'
import { build as esbuild, type Format } from 'esbuild'
import { rollup } from 'rollup'
import webpack from 'webpack'

/** Bundles `entry` into `folder`. `isExternal`: shellflip stays outside, as its README says. */
type Build = (entry: string, folder: string, isExternal: boolean) => Promise<string>

const ours = /^(shellflip|@shellflip\/.*)$/

/** Each returns the path of its bundle. */
export const bundlers: Record<string, Build> = {
  'esbuild to ESM': withEsbuild('esm', 'bundle.mjs'),
  'esbuild to CommonJS': withEsbuild('cjs', 'bundle.cjs'),
  rollup: withRollup,
  'webpack to ESM': withWebpack('bundle.mjs', {
    experiments: { outputModule: true },
    output: { module: true, chunkFormat: 'module' },
  }),
  'webpack to CommonJS': withWebpack('bundle.cjs', {}),
  ncc: withNcc,
}

function withEsbuild(format: Format, name: string): Build {
  return async (entry, folder, isExternal) => {
    const outfile = join(folder, name)
    await esbuild({
      entryPoints: [entry],
      outfile,
      format,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
      external: isExternal ? ['shellflip', '@shellflip/*'] : [],
    })
    return outfile
  }
}

async function withRollup(entry: string, folder: string, isExternal: boolean): Promise<string> {
  const bundle = await rollup({
    input: entry,
    plugins: [nodeResolve({ exportConditions: ['node'] })],
    ...(isExternal ? { external: ours } : {}),
  })
  await bundle.write({ dir: folder, entryFileNames: 'bundle.mjs' })
  await bundle.close()
  return join(folder, 'bundle.mjs')
}

function withWebpack(filename: string, { output, ...options }: webpack.Configuration): Build {
  return async (entry, folder, isExternal) => {
    const compiler = webpack({
      mode: 'production',
      optimization: { minimize: false },
      target: 'node20',
      entry,
      output: { path: folder, filename, ...output },
      ...(isExternal ? { externals: ours, externalsType: 'import' } : {}),
      ...options,
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    if (stats?.hasErrors()) throw new Error(stats.toString('errors-only'))
    return join(folder, filename)
  }
}

async function withNcc(entry: string, folder: string, isExternal: boolean): Promise<string> {
  const require = createRequire(import.meta.url)
  const externals = isExternal ? ['--external', 'shellflip'] : []
  const cli = require.resolve('@vercel/ncc/dist/ncc/cli.js')
  const args = [cli, 'build', entry, '--out', folder, ...externals]
  // It reads the tsconfig.json of its working directory.
  await promisify(execFile)(process.execPath, args, { cwd: dirname(entry) })
  return join(folder, 'index.mjs')
}
