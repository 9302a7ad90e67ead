import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProcroll } from './program.ts'
import { cli, ProcrollSandbox } from './testing/procroll-sandbox.ts'

const dist = dirname(cli)
const program = createProcroll([], () => {})
const commands = program.commands.map((command) => ({
  name: command.name(),
  flags: command.createHelp().visibleOptions(command),
}))

const has = (tool: string) => spawnSync(tool, ['--version']).error === undefined
const read = (...path: string[]) => readFileSync(join(dist, ...path), 'utf8')

describe.each(commands)('$name', ({ name, flags }) => {
  it('has each flag in its manual page and in the completions', () => {
    const page = read('man', `procroll-${name}.1`)
    const completions = ['bash', 'zsh', 'fish'].map((shell) => read('completions', `procroll.${shell}`))
    for (const { long, flags: spelling } of flags) {
      expect(page).toContain(`\\fB${spelling.replaceAll('-', '\\-')}\\fR`)
      const word = long?.slice(2)
      for (const text of completions) expect(text).toMatch(new RegExp(`(--|-l )${word}\\b`))
    }
  })
})

describe('the manual pages', () => {
  const pages = readdirSync(join(dist, 'man')).sort()

  it('are those that package.json names, one for each command', () => {
    const { man } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8'))
    expect(man.map((path: string) => path.replace('./dist/man/', '')).sort()).toEqual(pages)
    expect(pages).toEqual(['procroll.1', ...commands.map(({ name }) => `procroll-${name}.1`)].sort())
  })

  it('name exit statuses and environment', () => {
    const page = read('man', 'procroll-run.1')
    for (const part of ['.SH EXIT STATUS', 'LISTEN_FDS', 'NOTIFY_SOCKET', 'PROCROLL_RUNTIME_DIR', 'SIGHUP']) {
      expect(page.replaceAll('\\-', '-')).toContain(part)
    }
  })

  it.runIf(has('mandoc')).each(pages)('%s is clean for mandoc', (page) => {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', join(dist, 'man', page)])
    // A date would make each build another one.
    expect(String(stdout).replace(/^.*missing date.*\n/, '')).toBe('')
  })

  it.runIf(has('man'))('are shown by man', () => {
    const shown = execFileSync('man', ['-l', '-P', 'cat', join(dist, 'man/procroll-run.1')], {
      env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(shown).toMatch(/--ready-timeout <duration>\n/)
  })
})

/** Returns the completions of a real bash for a command line that ends at the cursor. */
function offeredByBash(sandbox: ProcrollSandbox, line: string): string[] {
  const script = `
    source ${join(dist, 'completions/procroll.bash')}
    # bash itself splits words at these characters.
    read -ra COMP_WORDS <<<"\${LINE//=/ = }"
    [[ $LINE == *' ' || $LINE == *= ]] && COMP_WORDS+=('')
    COMP_WORDS[0]=${sandbox.join('procroll')}
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _procroll
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
    env: { ...process.env, ...sandbox.env, LINE: line },
    encoding: 'utf8',
    cwd: sandbox.join(),
  })
  expect(stderr).toBe('')
  return stdout.split('\n').filter((word) => word !== '')
}

describe('completion in bash', () => {
  it.runIf(has('bash'))('offers commands, flags, values, files and running supervisors', async () => {
    await using sandbox = new ProcrollSandbox()
    sandbox.writeScript('procroll', `exec "${process.execPath}" "${cli}" "$@"`)
    const offered = (line: string) => offeredByBash(sandbox, line)
    expect(offered('procroll ')).toEqual(expect.arrayContaining(['run', 'roll', 'status', 'stop', '--help']))
    expect(offered('procroll sta')).toEqual(['status'])
    expect(offered('procroll run --re')).toEqual(['--ready-timeout', '--restart'])
    expect(offered('procroll run --restart ')).toEqual(['on-failure', 'always', 'never'])
    expect(offered('procroll run --log-format=j')).toEqual(['json'])
    expect(offered('procroll run --tempdir tm')).toEqual(['tmp'])
    expect(offered('procroll run --name api -- ba')).toContain('bash')
    expect(offered('procroll run --debug bash tm')).toEqual(['tmp'])
    expect(offered('procroll completion ')).toEqual(['bash', 'zsh', 'fish'])
    expect(offered('procroll roll --name ')).toEqual([])
    await sandbox.serve(['--name', 'api'])
    await sandbox.serve(['--name', 'web@1'])
    expect(offered('procroll roll --name ')).toEqual(['api', 'web@1'])
    expect(offered('procroll stop --name=w')).toEqual(['web@1'])
    expect(offered('procroll run --name ')).toEqual([])
  })

  it('is what `procroll completion bash` prints', async () => {
    await using sandbox = new ProcrollSandbox()
    const { code, stdout } = await sandbox.finish(['completion', 'bash'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: read('completions/procroll.bash') })
  })
})

describe('completion in other shells', () => {
  it.runIf(has('zsh'))('loads in zsh', () => {
    const script = `autoload -Uz compinit && compinit -D -u && source ${join(dist, 'completions/procroll.zsh')} && print $_comps[procroll]`
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: '_procroll\n', stderr: '' })
  })

  it.runIf(has('fish'))('offers commands, flags and values in fish', () => {
    const offered = (line: string) =>
      execFileSync(
        'fish',
        ['--no-config', '-c', `source ${join(dist, 'completions/procroll.fish')}; complete -C '${line}'`],
        { encoding: 'utf8' },
      )
        .split('\n')
        .map((entry) => entry.split('\t')[0])
    expect(offered('procroll ')).toEqual(expect.arrayContaining(['run', 'roll', 'status', 'stop']))
    expect(offered('procroll run --re')).toEqual(expect.arrayContaining(['--ready-timeout', '--restart']))
    expect(offered('procroll run --restart ')).toEqual(expect.arrayContaining(['always']))
  })
})
