import { readFileSync } from 'node:fs'
import { type Bytes, readProc, splitStrings, textOr } from '@shellflip/internal'
import { softOpenFiles } from './open-files.ts'

/** Variables as `Launch` of @shellflip/generation takes them. */
type Variables = {
  readonly env: Readonly<Record<string, Bytes | undefined>>
  /** Those whose very names are not UTF-8, as `NAME=VALUE`. */
  readonly rawEnv: readonly Uint8Array[]
}

/** The state that procroll was started with, before Node and the shell that starts it changed anything. */
export type Start = Variables & {
  /** The soft limit of open files. Undefined where it is not known, or where Node did not raise it. */
  readonly openFiles: number | undefined
  /** PWD, in its bytes. */
  readonly pwd: Buffer | undefined
}

/** The first lines of the bin (start.sh) set it to `PID SOFT-LIMIT ENVIRONMENT`, the last in base64. */
const variable = 'PROCROLL_STARTED'

/** Variables for one process only. Node has consumed them (the IPC channel of fork()), or procroll has. */
const forOneProcess = new Set([
  variable,
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
])

/** Reads how this process was started. */
export function readStart(): Start {
  const { openFiles, environment } = told(process.env[variable])
  const entries = environment ?? readProc('environ') ?? Object.entries(process.env).map(entry)
  const variables = variablesOf(entries)
  const { PWD } = variables.env
  return {
    ...variables,
    openFiles: softOpenFiles(openFiles, readLimits),
    pwd: PWD === undefined ? undefined : Buffer.from(PWD),
  }
}

/** The variable counts for the process that the shell became: a child that inherits it has another pid. */
function told(text = ''): { openFiles?: string; environment?: Buffer[] } {
  const [, pid, openFiles, encoded = ''] = /^(\d+) (\w*) ?(.*)$/s.exec(text) ?? []
  if (Number(pid) !== process.pid || openFiles === undefined) return {}
  const environment = splitStrings(Buffer.from(encoded, 'base64'))
  return environment.length === 0 ? { openFiles } : { openFiles, environment }
}

function variablesOf(entries: readonly Buffer[]): Variables {
  const env: Record<string, Bytes> = {}
  const rawEnv: Buffer[] = []
  for (const bytes of entries) {
    const end = bytes.indexOf('=')
    if (end <= 0) continue
    const name = textOr(bytes.subarray(0, end))
    if (typeof name !== 'string') rawEnv.push(bytes)
    // getenv(3) takes the first of two.
    else if (!Object.hasOwn(env, name) && !forOneProcess.has(name))
      env[name] = textOr(bytes.subarray(end + 1))
  }
  return { env, rawEnv }
}

function entry([name, value]: [string, string | undefined]): Buffer {
  return Buffer.from(`${name}=${value}`)
}

function readLimits(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/limits`, 'latin1')
  } catch {
    return undefined
  }
}
