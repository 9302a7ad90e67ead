// Installs what would be published, as a user does: all tarballs, into an empty project, with an empty HOME
// and a PATH that holds Node, npm and a shell but no compiler; then uses them for real.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { publicPackages, root } from './public-packages.mjs'

/** Passes the end of a pipe through a socket, and reads at the other end what is written through it. */
const passAnFd = `
  import { readSync, writeSync } from 'node:fs'
  import { pipe, UnixSocket } from '@shellflip/fd-passing'
  const { reader, writer } = pipe()
  const [ours, theirs] = UnixSocket.pair('seqpacket')
  await ours.send('the fd', { fds: [writer] })
  const { data, fds } = await theirs.receive()
  writer.close()
  writeSync(fds[0].fd, data + ' works')
  const buffer = Buffer.alloc(64)
  console.log(buffer.toString('utf8', 0, readSync(reader.fd, buffer)))
  for (const owned of [reader, ...fds, ours, theirs]) owned.close()
`

const packages = publicPackages()
const folder = mkdtempSync(join(tmpdir(), 'packed-'))
try {
  for (const name of ['tarballs', 'home', 'bin', 'project']) mkdirSync(join(folder, name))
  for (const name of ['node', 'npm', 'npx', 'sh']) symlinkSync(onPath(name), join(folder, 'bin', name))
  writeFileSync(`${folder}/project/package.json`, JSON.stringify({ name: 'a-user', private: true }))

  for (const { folder: cwd } of packages) {
    run(`${root}/node_modules/.bin/pnpm`, ['pack', '--pack-destination', `${folder}/tarballs`], { cwd })
  }
  const tarballs = readdirSync(`${folder}/tarballs`).map((file) => `${folder}/tarballs/${file}`)
  asUser('npm', 'install', '--no-audit', '--no-fund', ...tarballs)

  for (const { name } of packages) expect(filesThatName('@shellflip/internal', name), '')
  for (const entry of packages.flatMap(entries)) {
    asUser('node', '--input-type=module', '-e', `await import('${entry}')`)
  }
  expect(asUser('node', '--input-type=module', '-e', passAnFd), 'the fd works')
  for (const program of ['procroll', 'shellflip']) {
    const { version } = packages.find(({ name }) => name === program).manifest
    expect(asUser('npx', program, '--version'), `${program} ${version}`)
  }
  console.log(`${packages.length} packages install and run without a compiler`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The files that a package ships and that import a private one, which its users do not have. */
function filesThatName(specifier, name) {
  const dist = `${folder}/project/node_modules/${name}/dist`
  return readdirSync(dist)
    .filter((file) => /\.(js|d\.ts)$/.test(file))
    .filter((file) =>
      new RegExp(`(from|import)[ (]*["']${specifier}["']`).test(readFileSync(`${dist}/${file}`, 'utf8')),
    )
    .join(', ')
}

function entries({ name, manifest }) {
  return Object.keys(manifest.exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1))
}

function onPath(name) {
  const folders = process.env.PATH.split(delimiter).filter((path) => !path.includes('node_modules'))
  const found = folders.map((path) => join(path, name)).find((path) => existsSync(path))
  if (found === undefined) throw new Error(`${name} is not on PATH`)
  return found
}

/** Runs a command as someone would who has none of this machine's npm settings. */
function asUser(file, ...args) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  const env = { ...Object.fromEntries(inherited), HOME: join(folder, 'home'), PATH: join(folder, 'bin') }
  return run(file, args, { cwd: join(folder, 'project'), env })
}

function run(file, args, options) {
  try {
    return execFileSync(file, args, {
      ...options,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  } catch (error) {
    throw new Error(`${file} ${args.join(' ')}\n${error.stdout}${error.stderr}`)
  }
}

function expect(got, wanted) {
  if (got !== wanted) throw new Error(`expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`)
}
