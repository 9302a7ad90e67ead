import type { Fault, Verdict } from './fault.ts'
import type { FaultyService } from './faulty-service.ts'

/** The results of many upgrades, each with one fault. */
export type MatrixReport = {
  runs: number
  /** Counts the runs in which the fault happened. */
  reached: number
  upgraded: number
  failed: number
  unanswered: number
  /** Counts the runs in which the fault crashed the process that served, after it served. */
  crashed: number
  problems: string[]
}

/** Runs upgrades with these faults, on several services at a time. */
export async function runMatrix<F = Fault>(
  faults: readonly F[],
  start: () => Promise<FaultyService>,
  {
    services = 2,
    upgrade = (service, fault) => service.upgradeWith(fault as Fault),
  }: { services?: number; upgrade?: (service: FaultyService, fault: F) => Promise<Verdict> } = {},
): Promise<MatrixReport> {
  const report = { runs: 0, reached: 0, upgraded: 0, failed: 0, unanswered: 0, crashed: 0, problems: [] }
  const queue = [...faults]
  const work = async () => {
    await using service = await start()
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
      count(report, fault, await upgrade(service, fault))
    }
  }
  await Promise.all(Array.from({ length: Math.min(services, faults.length) }, work))
  return report
}

function count(report: MatrixReport, fault: unknown, verdict: Verdict): void {
  const { reply, reached, serves, problems } = verdict
  report.runs += 1
  if (reached) report.reached += 1
  if ('pid' in reply) report.upgraded += 1
  else if ('reason' in reply) report.failed += 1
  else report.unanswered += 1
  if (serves === undefined && problems.length === 0) report.crashed += 1
  if (problems.length > 0) {
    report.problems.push(`${JSON.stringify(fault)}: ${JSON.stringify(reply)}: ${problems.join('; ')}`)
  }
}

/** Takes so many of these, the same ones for the same seed (mulberry32). */
export function sample<T>(things: readonly T[], count: number, random: () => number): T[] {
  const left = [...things]
  const taken: T[] = []
  while (taken.length < count && left.length > 0) {
    taken.push(...left.splice(Math.floor(random() * left.length), 1))
  }
  return taken
}
