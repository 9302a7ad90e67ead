import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
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

function importing(installed: string): TestProcess {
  return TestProcess.node(
    ['--input-type=module', '-e', "const { pipe } = await import('./dist/index.js'); pipe()"],
    {
      cwd: installed,
    },
  )
}

function install(installed: string, env: NodeJS.ProcessEnv): TestProcess {
  return TestProcess.node(['native/install.mjs'], { cwd: installed, env })
}

describe('the addon', () => {
  it('that is missing is an error that says what to do', async () => {
    using folder = temporaryFolder()
    await using run = importing(installedPackage(folder, false))
    expect((await run.exit).code).toBe(1)
    expect(run.stderr).toContain("code: 'ERR_NATIVE_MISSING'")
    expect(run.stderr).toContain('npm rebuild @shellflip/fd-passing')
    expect(run.stderr).toContain('pnpm approve-builds')
    expect(run.stderr).toContain('C compiler')
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
