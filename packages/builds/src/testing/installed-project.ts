import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@shellflip/testing'

const packages = fileURLToPath(new URL('../../..', import.meta.url))
const { resolve } = createRequire(join(packages, 'shellflip/package.json'))

type Manifest = { name: string; files: string[]; private?: boolean }

/** A project that holds one service, with shellflip installed as npm installs it: real files, side by side. */
export function installedProject(): ReturnType<typeof temporaryFolder> {
  const folder = temporaryFolder('builds-')
  const modules = folder.join('node_modules')
  for (const name of readdirSync(packages)) installPackage(join(packages, name), modules)
  cpSync(realpathSync(dirname(resolve('zod/package.json'))), join(modules, 'zod'), {
    recursive: true,
    filter: (path) => !/\.(ts|cts|cjs|map)$/.test(path),
  })
  writeFileSync(folder.join('package.json'), JSON.stringify({ name: 'a-service', type: 'module' }))
  copyFileSync(fileURLToPath(new URL('service.mjs', import.meta.url)), folder.join('service.mjs'))
  return folder
}

function installPackage(source: string, modules: string): void {
  const manifest: Manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  if (manifest.private) return
  const target = join(modules, manifest.name)
  mkdirSync(target, { recursive: true })
  const published = manifest.files.filter((pattern) => !pattern.startsWith('!'))
  for (const part of ['package.json', ...published]) {
    cpSync(join(source, part), join(target, part), {
      recursive: true,
      filter: (path) => !/\.(stamp|map)$/.test(path),
    })
  }
}

/** Adds prebuilds for other systems, which only their names tell apart here. @returns the paths of all */
export function addSystems(project: string): string[] {
  const prebuilds = 'node_modules/@shellflip/fd-passing/prebuilds'
  for (const system of ['linux-arm64', 'linux-x64', 'darwin-arm64']) {
    mkdirSync(join(project, prebuilds, system), { recursive: true })
    for (const libc of ['.glibc', '.musl']) {
      const path = join(
        project,
        prebuilds,
        system,
        `fd-passing.napi${system.startsWith('linux') ? libc : ''}.node`,
      )
      if (!existsSync(path)) writeFileSync(path, 'for another system')
    }
  }
  return (readdirSync(join(project, prebuilds), { recursive: true }) as string[])
    .filter((path) => path.endsWith('.node'))
    .map((path) => `${prebuilds}/${path}`)
    .sort()
}
