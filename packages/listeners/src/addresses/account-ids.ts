import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/**
 * Looks up the id of a user or a group. It accepts a number itself, then searches /etc/passwd and /etc/group. Otherwise it uses
 * getent(1), which knows other sources (LDAP, systemd). Node has no getgrnam(3).
 */
export async function accountId(kind: 'user' | 'group', name: string): Promise<number | undefined> {
  if (/^\d{1,9}$/.test(name)) return Number(name)
  const database = kind === 'user' ? 'passwd' : 'group'
  return idIn(readDatabase(`/etc/${database}`), name) ?? idIn(await askGetent(database, name), name)
}

function readDatabase(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

async function askGetent(database: string, name: string): Promise<string> {
  const { execFile } = process.getBuiltinModule('node:child_process')
  try {
    const { stdout } = await promisify(execFile)('getent', [database, '--', name], { timeout: 5_000 })
    return stdout
  } catch {
    return ''
  }
}

/** Both files have the number in the third field (passwd(5), group(5)). */
function idIn(database: string, name: string): number | undefined {
  const fields = database
    .split('\n')
    .map((line) => line.split(':'))
    .find(([found]) => found === name)
  return fields?.[2] !== undefined && /^\d+$/.test(fields[2]) ? Number(fields[2]) : undefined
}
