// The prebuilds that the package ships for Linux, and where each target's addon lies.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const prebuilds = fileURLToPath(new URL('../prebuilds', import.meta.url))

/**
 * The compilers of Debian's gcc, gcc-aarch64-linux-gnu and musl-tools. Debian has none that makes musl binaries for
 * another machine: zig, which brings the headers of musl, comes with `pip install ziglang`.
 */
export const crossCompilers = {
  'linux-x64-glibc': 'gcc',
  'linux-x64-musl': 'musl-gcc',
  'linux-arm64-glibc': 'aarch64-linux-gnu-gcc',
  'linux-arm64-musl': 'python3 -m ziglang cc -target aarch64-linux-musl',
}

export const crossTargets = Object.keys(crossCompilers)

/** @param target as linux-x64-glibc, or darwin-arm64 */
export function pathOf(target) {
  const [platform, arch, libc] = target.split('-')
  const name = libc ? `fd-passing.napi.${libc}.node` : 'fd-passing.napi.node'
  return join(prebuilds, `${platform}-${arch}`, name)
}
