// Installs what would be published, as a user does: all tarballs, into an empty project, and uses them for real.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, PackedProject, run } from './packed-project.mjs'
import { checkUnderNpm, checkUnderPnpm } from './packed-types.mjs'
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
  mkdirSync(`${folder}/tarballs`)
  for (const { folder: cwd } of packages) {
    await run(`${root}/node_modules/.bin/pnpm`, ['pack', '--pack-destination', `${folder}/tarballs`], { cwd })
  }
  const tarballs = readdirSync(`${folder}/tarballs`).map((file) => `${folder}/tarballs/${file}`)
  const project = new PackedProject(`${folder}/npm`)
  await Promise.all([
    checkUnderNpm(project, tarballs).then(() => checkUse(project)),
    checkUnderPnpm(new PackedProject(`${folder}/pnpm`), tarballs),
  ])
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function checkUse(project) {
  for (const { name } of packages) {
    for (const specifier of ['@shellflip/internal', '@shellflip/cli']) {
      expect(filesThatName(specifier, project, name), '')
    }
    expect(existsSync(`${project.folder}/node_modules/${name}/LICENSE`), true)
  }
  for (const entry of packages.flatMap(entries)) {
    await project.run('node', '--input-type=module', '-e', `await import('${entry}')`)
  }
  expect(await project.run('node', '--input-type=module', '-e', passAnFd), 'the fd works')
  for (const program of ['procroll', 'shellflip']) {
    const { version } = packages.find(({ name }) => name === program).manifest
    expect(await project.run('npx', program, '--version'), `${program} ${version}`)
  }
  console.log(`${packages.length} packages install and run without a compiler`)
}

/** The files that a package ships and that import a private one, which its users do not have. */
function filesThatName(specifier, project, name) {
  const dist = `${project.folder}/node_modules/${name}/dist`
  return readdirSync(dist)
    .filter((file) => /\.(js|d\.ts)$/.test(file))
    .filter((file) =>
      new RegExp(`(from|import)[ (]*["']${specifier}["'/]`).test(readFileSync(`${dist}/${file}`, 'utf8')),
    )
    .join(', ')
}

function entries({ name, manifest }) {
  return Object.keys(manifest.exports)
    .filter((path) => !path.endsWith('.json'))
    .map((path) => name + path.slice(1))
}
