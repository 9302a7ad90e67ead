import { spawnSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { E2eError } from './e2e-error.ts'

/** The tools that make a machine, each with the Debian package that has it. */
const programs: Record<string, string> = {
  bash: 'bash',
  findmnt: 'util-linux',
  flock: 'util-linux',
  npm: 'npm',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
}

/** Throws where machines cannot be booted, with all that is missing and how to get it. */
export function assertRequirements(): void {
  const missing = [...missingRequirements()]
  if (missing.length === 0) return
  throw new E2eError(
    'ERR_REQUIREMENTS',
    `a real systemd cannot be booted here:\n${missing.map((line) => `- ${line}\n`).join('')}`,
  )
}

/** Returns why the tests with the Rust crate are left out here, or undefined where they can run. */
export function missingForRust(): string | undefined {
  // cargo may be a shim of rustup that has no toolchain.
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).status === 0) return undefined
  return 'a cargo that runs is needed for the tests with the Rust crate: install it from rustup.rs, and have it in PATH'
}

function* missingRequirements(): Generator<string> {
  if (process.platform !== 'linux') {
    yield 'Linux is needed: run it in a virtual machine, with the repository and Node in it'
    return
  }
  if (process.getuid?.() !== 0) {
    yield 'root is needed, for namespaces and mounts: sudo --preserve-env=PATH,HOME npm run e2e'
  }
  for (const [program, debianPackage] of Object.entries(programs)) {
    if (!isOnPath(program)) yield `${program} is needed: apt-get install ${debianPackage}`
  }
  if (!isOnPath('debootstrap') && !isOnPath('apt-get')) {
    yield 'debootstrap is needed, which makes the root file system: install it by the system’s package manager'
  }
  if (!/\scgroup2\s/.test(readFileSync('/proc/self/mounts', 'utf8'))) {
    yield 'cgroup2 is needed: mount -t cgroup2 none /sys/fs/cgroup'
  }
  if (!/\soverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))) {
    yield 'overlayfs is needed: modprobe overlay'
  }
}

function isOnPath(program: string): boolean {
  // As root has it: su and sudo often leave the system's folders out.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
