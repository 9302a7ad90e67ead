type Limits = { soft: number; hard: number }

/**
 * Finds the soft limit of open files (RLIMIT_NOFILE) that this program was given. Node raises it to the hard limit at its start, and does not
 * record it. The shell that starts the program passes it on. If Node was started directly, the limit of the parent is the best guess,
 * because a child inherits its limits. It counts only if both have the same hard limit.
 *
 * @param told the limit that the shell has passed on, as `ulimit -Sn` prints it
 * @param limitsOf the text of /proc/PID/limits
 * @returns undefined if the limit is unknown, or equals the limit of this process
 */
export function softOpenFiles(
  told: string | undefined,
  limitsOf: (pid: number) => string | undefined,
): number | undefined {
  const own = openFilesOf(limitsOf(process.pid))
  const soft = told === undefined ? softOfParent(own, limitsOf) : Number(told)
  const isKnown = soft !== undefined && Number.isInteger(soft) && soft > 0
  return isKnown && (own === undefined || soft < own.soft) ? soft : undefined
}

function softOfParent(
  own: Limits | undefined,
  limitsOf: (pid: number) => string | undefined,
): number | undefined {
  const parent = openFilesOf(limitsOf(process.ppid))
  return parent !== undefined && parent.hard === own?.hard ? parent.soft : undefined
}

/** proc_pid_limits(5) */
function openFilesOf(limits: string | undefined): Limits | undefined {
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits ?? '') ?? []
  return soft === undefined || hard === undefined ? undefined : { soft: numberOf(soft), hard: numberOf(hard) }
}

function numberOf(limit: string): number {
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}
