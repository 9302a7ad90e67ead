import { accessSync, constants, fstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { getPriority } from 'node:os'
import { dirname, join } from 'node:path'
import type { LaunchCommand } from '../command/launch-command.ts'
import { filesReadAtBoot } from './boot-files.ts'

/** Everything that a process gets at its boot, by the words of an event. Values are compared only. */
export type BootConditions = ReadonlyMap<string, string>

/** What a child inherits of its parent (fork(2)), from proc_pid_status(5). A Node program changes users, and a manager the rest. */
const inherited = /^(Umask|Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp|Cpus_allowed|Mems_allowed):/

/** Matters only for a script with a relative path. */
const folder = 'the folder of the working directory'

/** Returns the conditions of a boot now. A prepared process is used only if they are the same at the upgrade. */
export function bootConditions(command: LaunchCommand): BootConditions {
  const { file, args, env, cwd } = command
  return new Map([
    ['the arguments', words([file, ...args])],
    ['the environment', words([...env].flat())],
    ['the path of the working directory', String(cwd)],
    [folder, realPathOf(String(cwd))],
    ['the file of Node', identityOf(file)],
    ['a file that Node reads at its boot', filesReadAtBoot(command).map(identityOf).join()],
    ['the user, the umask, a privilege or an affinity', inheritedStatus()],
    ['a resource limit', procText('limits')],
    ['the cgroup', procText('cgroup')],
    ['oom_score_adj', procText('oom_score_adj')],
    ['the priority', String(getPriority())],
    ['a standard stream', [0, 1, 2].map(identityOf).join()],
  ])
}

/** Returns what has changed, or undefined. @param inFolder whether the program depends on the folder at the boot */
export function changedCondition(
  before: BootConditions,
  now: BootConditions,
  inFolder: boolean,
): string | undefined {
  return [...before].find(([name, value]) => now.get(name) !== value && (inFolder || name !== folder))?.[0]
}

/** Reports whether a process can be started there. Otherwise a fresh start fails, and gives the reason. */
export function mayEnter(cwd: string | Buffer): boolean {
  try {
    accessSync(cwd, constants.X_OK)
    return statSync(cwd).isDirectory()
  } catch {
    return false
  }
}

/** Returns the identities of files, and of the package.json above each one, which says how it is loaded. */
export function identitiesOf(files: readonly string[]): string {
  return withManifests(files).map(identityOf).join()
}

/** The kernel's clock for files is behind by one tick at most: 10 ms with CONFIG_HZ=100. */
const clockTickMs = 10

/** Reports whether one of the files, or a package.json above it, was written or replaced since then. A missing one counts. */
export function changedSince(files: readonly string[], sinceMs: number): boolean {
  return withManifests(files).some((file) => {
    const ctimeMs = statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY
    return ctimeMs > sinceMs - clockTickMs
  })
}

function withManifests(files: readonly string[]): string[] {
  return [...new Set([...files, ...files.map(manifestOf)])]
}

function manifestOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path
  }
  return file
}

function inheritedStatus(): string {
  return procText('status')
    .split('\n')
    .filter((line) => inherited.test(line))
    .join()
}

function procText(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, 'utf8')
  } catch (error) {
    return codeOf(error)
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    return codeOf(error)
  }
}

/** A file that was replaced or written has another identity. A descriptor may be closed. */
function identityOf(file: string | number): string {
  try {
    if (typeof file === 'number') {
      const { dev, ino, rdev } = fstatSync(file)
      return `${dev}:${ino}:${rdev}`
    }
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file)
    return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`
  } catch (error) {
    return codeOf(error)
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code)
}

function words(list: readonly (string | Buffer)[]): string {
  return JSON.stringify(list.map((word) => (typeof word === 'string' ? word : word.toString('latin1'))))
}
