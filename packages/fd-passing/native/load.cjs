// Locates and loads the addon. Tracers of files (@vercel/nft, Turbopack) copy what a path from __dirname leads to, so the path
// stands here in one expression. What differs between systems stays unknown to them: they copy the prebuilds for all systems.
const { closeSync, openSync, readSync } = require('node:fs')
const { join } = require('node:path')

exports.libc = libc

/** Where the addon for this Node lies, prebuilt or built at install. */
exports.path = join(
  __dirname,
  '..',
  'prebuilds',
  `${process.platform}-${process.arch}`,
  ['fd-passing.napi', libc(), 'node'].filter(Boolean).join('.'),
)

exports.load = () => require(exports.path)

/** @returns `glibc` or `musl` on Linux, undefined elsewhere */
function libc() {
  if (process.platform !== 'linux') return undefined
  return libcOfExecutable() ?? libcOfReport()
}

/** The path of the dynamic linker (PT_INTERP, elf(5)) stands near the start of an executable. */
function libcOfExecutable() {
  const start = Buffer.alloc(4096)
  try {
    const fd = openSync(process.execPath)
    try {
      readSync(fd, start)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Without /proc Node does not know its own path, and the permission model may hide it.
    return undefined
  }
  const [, linker] = /\/(ld-musl-|ld-linux|ld64\.so)/.exec(start.toString('latin1')) ?? []
  if (linker === undefined) return undefined
  return linker === 'ld-musl-' ? 'musl' : 'glibc'
}

/** Works everywhere, but takes some ten milliseconds. */
function libcOfReport() {
  const { report } = process
  const { excludeNetwork } = report
  // Else it looks up the names of all peers.
  report.excludeNetwork = true
  try {
    return report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  } finally {
    report.excludeNetwork = excludeNetwork
  }
}
