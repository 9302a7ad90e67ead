type Limits = { soft: number; hard: number }

/**
 * Finds the soft limit of open files (RLIMIT_NOFILE) that procroll was given: Node raises it to the hard limit at its start, and
 * keeps no record. The shell that starts procroll tells it. Where Node was started directly, the limit of the parent is the best
 * guess, if both have the same hard limit: a limit goes from parent to child.
 *
 * @param told the limit that the shell has told, as `ulimit -Sn` prints it
 * @param limitsOf the text of /proc/PID/limits
 * @returns undefined where the limit is not known, or where it is what this process has
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
