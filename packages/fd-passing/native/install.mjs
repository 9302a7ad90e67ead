// Runs when the package is installed: a prebuilt addon that loads is all that is needed, else it is built.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

function loads() {
  try {
    createRequire(import.meta.url)('./load.cjs').load()
    return true
  } catch (error) {
    // NODE_OPTIONS=--no-addons: no addon loads here, whatever is built.
    return error.code === 'ERR_DLOPEN_DISABLED'
  }
}

if (!loads()) {
  const { status } = spawnSync(process.execPath, [join(here, 'build.mjs')], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(
      `@shellflip/fd-passing has no prebuilt addon for ${process.platform}-${process.arch} that loads here, and` +
        ' building it failed.\nInstall a C compiler and the headers of Node, then run: npm rebuild @shellflip/fd-passing',
    )
    process.exit(1)
  }
}
