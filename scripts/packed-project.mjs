// A project of a user that installs the tarballs, with an empty HOME and a PATH that holds Node, npm and a shell, but no
// compiler. None of this machine's settings of npm are in its environment.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './public-packages.mjs'

const execute = promisify(execFile)

export class PackedProject {
  /** @param folder of the project; it is made, with its HOME and its PATH beside it */
  constructor(folder) {
    this.folder = folder
    for (const made of [folder, `${folder}.home`, `${folder}.bin`]) mkdirSync(made)
    for (const name of ['node', 'npm', 'npx', 'sh']) symlinkSync(onPath(name), join(`${folder}.bin`, name))
    this.write('package.json', JSON.stringify({ name: 'a-user', private: true, type: 'module' }))
  }

  write(file, content) {
    writeFileSync(join(this.folder, file), content)
  }

  npm(...args) {
    return this.run('npm', 'install', '--no-audit', '--no-fund', ...args)
  }

  /** The pnpm of this repository, with a store of its own: what it downloads is gone afterwards. */
  pnpm(...args) {
    return this.run('node', `${root}/node_modules/pnpm/bin/pnpm.cjs`, 'add', ...args)
  }

  /** Runs a command in the project, and returns what it printed. */
  run(file, ...args) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
    const env = { ...Object.fromEntries(inherited), HOME: `${this.folder}.home`, PATH: `${this.folder}.bin` }
    return run(file, args, { cwd: this.folder, env })
  }
}

/** Runs a command, and returns what it printed. Throws all that it printed if it fails. */
export async function run(file, args, options) {
  try {
    const { stdout } = await execute(file, args, options)
    return stdout.trim()
  } catch (error) {
    throw new Error(`${file} ${args.join(' ')}\n${error.stdout}${error.stderr}`, { cause: error })
  }
}

export function expect(got, wanted) {
  if (got !== wanted) throw new Error(`expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`)
}

function onPath(name) {
  const folders = process.env.PATH.split(delimiter).filter((path) => !path.includes('node_modules'))
  const found = folders.map((path) => join(path, name)).find((path) => existsSync(path))
  if (found === undefined) throw new Error(`${name} is not on PATH`)
  return found
}
