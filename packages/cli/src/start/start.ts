import { readFileSync } from 'node:fs'
import { type Bytes, type Environment, splitStrings, startedEnvironment, textOr } from '@shellflip/internal'
import { softOpenFiles } from './open-files.ts'

/** Variables as `Launch` of @shellflip/generation takes them. */
type Variables = {
  readonly env: Readonly<Record<string, Bytes | undefined>>
  /** Those whose very names are not UTF-8, as `NAME=VALUE`. */
  readonly rawEnv: readonly Uint8Array[]
}

/** The state that this program was started with, before Node and the shell that starts it changed anything. */
export type Start = Variables & {
  /** The soft limit of open files. Undefined where it is not known, or where Node did not raise it. */
  readonly openFiles: number | undefined
  /** PWD, in its bytes. */
  readonly pwd: Buffer | undefined
}

/**
 * Reads how this process was started.
 *
 * @param variable the variable that the first lines of the bin set to `PID SOFT-LIMIT ENVIRONMENT`, the last in base64. It concerns this
 *   process only
 */
export function readStart(variable: string): Start {
  const { openFiles, environment } = told(process.env[variable])
  const started = new Map(startedEnvironment(environment))
  started.delete(variable)
  return {
    ...variablesOf(started),
    openFiles: softOpenFiles(openFiles, readLimits),
    pwd: started.get('PWD'),
  }
}

/** The variable counts for the process that the shell became: a child that inherits it has another pid. */
function told(text = ''): { openFiles?: string; environment?: Buffer[] } {
  const [, pid, openFiles, encoded = ''] = /^(\d+) (\w*) ?(.*)$/s.exec(text) ?? []
  if (Number(pid) !== process.pid || openFiles === undefined) return {}
  const environment = splitStrings(Buffer.from(encoded, 'base64'))
  return environment.length === 0 ? { openFiles } : { openFiles, environment }
}

function variablesOf(environment: Environment): Variables {
  const env: Record<string, Bytes> = {}
  const rawEnv: Buffer[] = []
  for (const [latin1, value] of environment) {
    const name = textOr(Buffer.from(latin1, 'latin1'))
    if (typeof name === 'string') env[name] = textOr(value)
    else rawEnv.push(Buffer.concat([name, Buffer.from('='), value]))
  }
  return { env, rawEnv }
}

function readLimits(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/limits`, 'latin1')
  } catch {
    return undefined
  }
}
