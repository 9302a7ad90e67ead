import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

/** The package as it is installed, with or without its prebuilt addons. */
function installedPackage(
  folder: { path: string; join: (...names: string[]) => string },
  prebuilds: boolean,
): string {
  const installed = folder.join('fd-passing')
  mkdirSync(installed)
  const parts = ['dist', 'native', 'package.json', ...(prebuilds ? ['prebuilds'] : [])]
  for (const part of parts) cpSync(`${packageFolder}/${part}`, `${installed}/${part}`, { recursive: true })
  symlinkSync(`${packageFolder}/node_modules`, `${installed}/node_modules`)
  return installed
}

function importing(installed: string, flags: string[] = []): TestProcess {
  return TestProcess.node(
    [...flags, '--input-type=module', '-e', "const { pipe } = await import('./dist/index.js'); pipe()"],
    { cwd: installed },
  )
}

/** Returns the message of an import that fails because the addon is missing. */
async function complaint(installed: string, flags?: string[]): Promise<string> {
  await using run = importing(installed, flags)
  expect((await run.exit).code).toBe(1)
  const [, message] = /FdPassingError: (.*)/.exec(run.stderr) ?? []
  expect(run.stderr).toContain("code: 'ERR_NATIVE_MISSING'")
  return message as string
}

/** Returns the answer of native/load.cjs in a process that first runs this code. */
async function located(code: string): Promise<{ path: string; libc: string }> {
  const answer = "const { path, libc } = require('./native/load.cjs')"
  await using run = TestProcess.node(
    ['-e', `${code}; ${answer}; console.log(JSON.stringify({ path, libc: libc() }))`],
    { cwd: packageFolder },
  )
  await run.exit
  return JSON.parse(run.stdout)
}

const permissionModel = ['--permission', '--experimental-permission'].filter((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
)[0] as string

function install(installed: string, env: NodeJS.ProcessEnv): TestProcess {
  return TestProcess.node(['native/install.mjs'], { cwd: installed, env })
}

describe('the addon', () => {
  it('that is missing is an error that says what to do', async () => {
    using folder = temporaryFolder()
    const message = await complaint(installedPackage(folder, false))
    expect(message).toMatch(/fd-passing\.napi.* does not exist/)
    expect(message).toContain('must copy its folders native and prebuilds')
    expect(message).toContain('npm rebuild @shellflip/fd-passing')
    expect(message).toContain('pnpm approve-builds')
    expect(message).toContain('C compiler')
  })

  it('that a flag of Node forbids is an error that names the flag', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, true)
    const noAddons = await complaint(installed, ['--no-addons'])
    expect(noAddons).toMatch(/started with --no-addons\. Remove that flag/)
    const noLeave = await complaint(installed, [permissionModel, '--allow-fs-read=*'])
    expect(noLeave).toMatch(/permission model forbids addons\. Add the flag --allow-addons\./)
    for (const message of [noAddons, noLeave]) expect(message).not.toContain('npm rebuild')
    await using allowed = importing(installed, [permissionModel, '--allow-fs-read=*', '--allow-addons'])
    expect(await allowed.exit, allowed.stderr).toEqual({ code: 0, signal: null })
  })

  it('that was bundled away is an error that names the externals', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('bundle', 'dist'), { recursive: true })
    writeFileSync(folder.join('bundle', 'package.json'), '{ "type": "module" }')
    cpSync(`${packageFolder}/dist/index.js`, folder.join('bundle', 'dist', 'index.js'))
    const message = await complaint(folder.join('bundle'))
    expect(message).toMatch(/in a bundle.* Leave the packages shellflip, procroll and @shellflip\/\* out/)
    expect(message).not.toContain('npm rebuild')
  })

  it('of which a copy of the package lacks files is an error that names the folders to copy', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, true)
    rmSync(`${installed}/native`, { recursive: true })
    const noLoader = await complaint(installed)
    expect(noLoader).toMatch(/native\/load\.cjs does not exist.* must copy its folders native and prebuilds/)
    mkdirSync(`${installed}/native`)
    cpSync(`${packageFolder}/native/load.cjs`, `${installed}/native/load.cjs`)
    rmSync(`${installed}/prebuilds`, { recursive: true })
    const noPrebuilds = await complaint(installed)
    expect(noPrebuilds).toMatch(/\.node does not exist.* must copy its folders native and prebuilds/)
    mkdirSync(`${installed}/prebuilds/aix-ppc64`, { recursive: true })
    const ofAnother = await complaint(installed)
    expect(ofAnother).toMatch(/\.node does not exist.* from an installation for the system that runs it/)
    for (const message of [noLoader, noPrebuilds, ofAnother]) expect(message).not.toContain('npm rebuild')
  })

  it('that is in an archive is an error that names the option of Yarn', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('cache.zip'))
    const archive = { path: folder.join('cache.zip'), join: (name: string) => folder.join('cache.zip', name) }
    const installed = installedPackage(archive, true)
    const { path } = await located('')
    writeFileSync(path.replace(packageFolder, `${installed}/`), 'not a file for the system')
    expect(await complaint(installed)).toMatch(/in an archive.* "unplugged": true.* `yarn install`/)
  })

  it.runIf(process.platform === 'linux')('of another C library is an error that names both', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, true)
    const { path, libc } = await located('')
    const other = libc === 'glibc' ? 'musl' : 'glibc'
    const own = path.replace(packageFolder, `${installed}/`)
    renameSync(own, own.replace(`.${libc}.`, `.${other}.`))
    const message = await complaint(installed)
    expect(message).toContain(`built for ${other}, but this Node runs on ${libc}`)
    expect(message).not.toContain('npm rebuild')
  })

  it.runIf(process.platform === 'linux')('is looked for by the C library that Node runs on', async () => {
    using folder = temporaryFolder()
    const executable = (linker: string) => {
      writeFileSync(folder.join('node'), `\x7fELF\x02${'\0'.repeat(800)}${linker}\0more`)
      return `process.execPath = ${JSON.stringify(folder.join('node'))}`
    }
    const musl = executable('/lib/ld-musl-x86_64.so.1')
    expect(await located(musl)).toMatchObject({
      libc: 'musl',
      path: expect.stringContaining('.napi.musl.node'),
    })
    const glibc = executable('/nix/store/x-glibc-2.40/lib/ld-linux-aarch64.so.1')
    expect(await located(glibc)).toMatchObject({ libc: 'glibc' })
    // Without /proc Node does not know its own path.
    const unknown = "process.execPath = 'node'"
    expect(await located(unknown)).toEqual(await located(''))
    const report = 'process.report.getReport = () => ({ header: {} })'
    expect(await located(`${unknown}; ${report}`)).toMatchObject({ libc: 'musl' })
  })

  it('that is prebuilt is all that installing needs: no compiler, no word', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, true)
    await using run = install(installed, { CC: '/nonexistent/cc', PATH: '/nonexistent' })
    expect(await run.exit).toEqual({ code: 0, signal: null })
    expect(run.stdout + run.stderr).toBe('')
    await using program = importing(installed)
    expect(await program.exit, program.stderr).toEqual({ code: 0, signal: null })
  })

  it('is built by installing where no prebuilt one loads', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, true)
    for (const target of readdirSync(`${installed}/prebuilds`)) {
      for (const name of readdirSync(`${installed}/prebuilds/${target}`)) {
        writeFileSync(`${installed}/prebuilds/${target}/${name}`, 'for another machine')
      }
    }
    await using broken = importing(installed)
    await broken.printed(/ERR_NATIVE_MISSING/)
    await using run = install(installed, {})
    expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
    await using program = importing(installed)
    expect(await program.exit, program.stderr).toEqual({ code: 0, signal: null })
  })

  it('that can be neither loaded nor built ends the installation with what to do', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, false)
    await using run = install(installed, { CC: '/nonexistent/cc' })
    expect((await run.exit).code).toBe(1)
    expect(run.stderr).toContain('/nonexistent/cc')
    expect(run.stderr).toContain('npm rebuild @shellflip/fd-passing')
    expect(existsSync(`${installed}/prebuilds/linux-x64/fd-passing.napi.glibc.node`)).toBe(false)
  })

  it('names the headers it needs', async () => {
    using folder = temporaryFolder()
    const installed = installedPackage(folder, false)
    await using run = TestProcess.node(['native/build.mjs'], {
      cwd: installed,
      env: { npm_config_nodedir: '/nonexistent', HOME: '/nonexistent' },
    })
    const { code } = await run.exit
    if (code !== 0) expect(run.stderr).toMatch(/node_api\.h.*Set npm_config_nodedir/s)
  })
})
