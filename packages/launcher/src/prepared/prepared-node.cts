/*
 * Node loads this file before anything else (--require, first in NODE_OPTIONS). It waits here for the upgrade, in a blocking read: no turn of
 * the event loop, no handler of a signal and no code of the program runs before. Then Node continues as in any other start, so the program
 * finds the same process.argv, require.main and import.meta.main.
 */
import fs = require('node:fs')
import nodeModule = require('node:module')
import nodeUrl = require('node:url')

type Script = { readonly params: { readonly url: string } }

/** A line of the keeper. The first one names the library, and the second one the working directory at the upgrade. */
type Order = { readonly library?: string; readonly cwd?: string }

/** Modules of Node that almost every service uses. `packages/bench` measures what they save. */
const modules = ['http', 'net', 'tls', 'crypto', 'stream', 'os', 'child_process', 'diagnostics_channel']

// A worker thread loads this file again, and finds no variable.
if (process.env.SHELLFLIP_PREPARED !== undefined) waitForUpgrade()

function waitForUpgrade(): void {
  const { SHELLFLIP_PREPARED: nodeOptions, SHELLFLIP_HANDOVER: channel } = process.env
  delete process.env.SHELLFLIP_PREPARED
  delete process.env.NODE_OPTIONS
  if (nodeOptions) process.env.NODE_OPTIONS = nodeOptions
  for (const name of modules) require(`node:${name}`)
  const keeper = Number(channel)
  const { library } = nextOrder(keeper)
  answer(keeper, { files: library === undefined ? [] : loaded(library), script: process.argv[1] })
  process.chdir(String(nextOrder(keeper).cwd))
  forgetBoot()
}

/** Reads single bytes, because the handover follows on the same socket. The end of the socket means that the keeper does not need us. */
function nextOrder(keeper: number): Order {
  const byte = Buffer.alloc(1)
  const line: number[] = []
  try {
    while (fs.readSync(keeper, byte) === 1 && byte[0] !== 0x0a) line.push(byte[0] as number)
    return JSON.parse(Buffer.from(line).toString())
  } catch {
    // The keeper has exited: in the middle of a line, or without reading our answer (ECONNRESET).
    process.exit(0)
  }
}

function answer(keeper: number, message: unknown): void {
  try {
    fs.writeSync(keeper, `${JSON.stringify(message)}\n`)
  } catch {
    // EPIPE: the keeper has exited.
    process.exit(0)
  }
}

/**
 * Loads the library. The program gets this copy of it, if it imports the same file.
 *
 * @returns the files that were loaded. The keeper checks before the upgrade that none of them has changed
 */
function loaded(library: string): string[] {
  const session = inspectorSession()
  if (session === undefined || process.features.require_module !== true) return []
  require(library)
  const files = new Set(Object.keys(require.cache))
  // Node has no other list of the ES modules that it has loaded.
  session.on('Debugger.scriptParsed', ({ params: { url } }: Script) => {
    if (url.startsWith('file:')) files.add(nodeUrl.fileURLToPath(url))
  })
  session.post('Debugger.enable')
  session.post('Debugger.disable')
  session.disconnect()
  // An import does not put a module there.
  delete require.cache[require.resolve(library)]
  return [...files]
}

/** A session inside of this thread, which opens no port. The permission model forbids it, and a Node may be built without it. */
function inspectorSession(): import('node:inspector').Session | undefined {
  try {
    const { Session } = require('node:inspector') as typeof import('node:inspector')
    const session = new Session()
    session.connect()
    return session
  } catch {
    return undefined
  }
}

/** Hides this file from the program. A `--require` of the program is looked up from the working directory of the upgrade. */
function forgetBoot(): void {
  delete require.cache[__filename]
  const preload = module.parent as { paths?: string[] } | null
  const { _nodeModulePaths: pathsFrom } = nodeModule as unknown as {
    _nodeModulePaths: (from: string) => string[]
  }
  preload?.paths?.splice(0, Number.POSITIVE_INFINITY, ...pathsFrom(process.cwd()))
}
