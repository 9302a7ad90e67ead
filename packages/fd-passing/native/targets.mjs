// The prebuilds that the package ships for Linux, and where each target's addon lies.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const prebuilds = fileURLToPath(new URL('../prebuilds', import.meta.url))

/** zig brings the C libraries of every target: `pip install ziglang`. */
const zig = (target) => `python3 -m ziglang cc -target ${target}`

/** 2.28 is the oldest glibc that Node 20 runs on. What is built for it runs on every later one. */
export const crossCompilers = {
  'linux-x64-glibc': zig('x86_64-linux-gnu.2.28'),
  'linux-x64-musl': zig('x86_64-linux-musl'),
  'linux-arm64-glibc': zig('aarch64-linux-gnu.2.28'),
  'linux-arm64-musl': zig('aarch64-linux-musl'),
}

export const crossTargets = Object.keys(crossCompilers)

/** @param target as linux-x64-glibc, or darwin-arm64 */
export function pathOf(target) {
  const [platform, arch, libc] = target.split('-')
  const name = libc ? `fd-passing.napi.${libc}.node` : 'fd-passing.napi.node'
  return join(prebuilds, `${platform}-${arch}`, name)
}
