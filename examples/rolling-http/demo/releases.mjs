// The deployment of the demo: a folder with one release a version, and a `current` symlink to one of them.
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const example = fileURLToPath(new URL('..', import.meta.url))

export class Releases {
  folder = mkdtempSync(join(tmpdir(), 'rolling-http-'))
  /** The started program: always by the same name, whichever release it leads to. */
  service = join(this.folder, 'current', 'service.mjs')

  constructor(versions) {
    for (const version of versions) {
      mkdirSync(join(this.folder, 'releases', version), { recursive: true })
      cpSync(join(example, 'service.mjs'), join(this.folder, 'releases', version, 'service.mjs'))
    }
    symlinkSync(join(example, 'node_modules'), join(this.folder, 'node_modules'))
  }

  /** Lets `current` lead to another version. A rename is atomic: at no time is there no `current`. */
  switchTo(version) {
    const next = join(this.folder, 'next')
    symlinkSync(join('releases', version), next)
    renameSync(next, join(this.folder, 'current'))
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
