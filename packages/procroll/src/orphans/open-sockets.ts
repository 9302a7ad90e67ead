import { readdirSync, readlinkSync } from 'node:fs'

/** A socket that a process has open, as /proc/PID/fd shows it. */
export type OpenSocket = { number: number; inode: number }

/** Lists the sockets of a process. Returns none where it has ended, or its descriptors are closed to us. */
export function socketsOf(pid: number): OpenSocket[] {
  const folder = `/proc/${pid}/fd`
  return namesIn(folder).flatMap((name) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`) ?? '')?.[1]
    return inode === undefined ? [] : [{ number: Number(name), inode: Number(inode) }]
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
