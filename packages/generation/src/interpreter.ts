import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'

/** Finds from the first bytes of a file how the kernel executes it. */
export type FileKind =
  /** A script whose first line names its interpreter. */
  | { type: 'script'; interpreter: string }
  /** Text without such a line. execvp(3) runs it with /bin/sh. */
  | { type: 'text' }
  | { type: 'binary' }
  | { type: 'empty' }

/** The kernel reads no more of a #! line (BINPRM_BUF_SIZE). */
const headBytes = 256

/** Looks at a file. @throws {Error} if it cannot be read */
export function fileKind(path: string | Buffer): FileKind {
  const head = readHead(path)
  if (head.length === 0) return { type: 'empty' }
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(head.toString('latin1'))?.[1]
  if (interpreter !== undefined) return { type: 'script', interpreter }
  const [firstLine] = head.toString('latin1').split('\n', 1) as [string]
  // POSIX lets execvp(3) pass over a file that is not text. A shell would only say "syntax error".
  return firstLine.includes('\0') || (!isUtf8(head) && head.includes(0))
    ? { type: 'binary' }
    : { type: 'text' }
}

function readHead(path: string | Buffer): Buffer {
  const fd = openSync(path, 'r')
  try {
    const head = Buffer.alloc(headBytes)
    return head.subarray(0, readSync(fd, head))
  } finally {
    closeSync(fd)
  }
}
