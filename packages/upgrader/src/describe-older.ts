/** An older generation. `keptAliveBy` names what keeps it alive after its drain, and is empty while it drains. */
export type OlderGeneration = { readonly pid: number; readonly keptAliveBy: string }

/** Describes for people which older generations drain, and what keeps the others alive. */
export function describeOlder(generations: readonly OlderGeneration[]): string {
  const draining = generations.filter(({ keptAliveBy }) => keptAliveBy === '')
  const kept = generations.filter(({ keptAliveBy }) => keptAliveBy !== '')
  if (kept.length === 0)
    return `${older(generations.length)} still ${draining.length === 1 ? 'drains' : 'drain'} (${pids(draining)}). Try again later.`
  const sentences = [
    `${older(generations.length)} ${generations.length === 1 ? 'is' : 'are'} still there`,
    ...(draining.length === 0 ? [] : [`Those that drain: ${pids(draining)}`]),
    ...kept.map(
      ({ pid, keptAliveBy }) => `Pid ${pid} has drained, but something keeps it alive: ${keptAliveBy}`,
    ),
    'Close it when flip.done resolves, or end that process',
  ]
  return `${sentences.join('. ')}.`
}

function older(count: number): string {
  return `${count} older ${count === 1 ? 'generation' : 'generations'}`
}

function pids(generations: readonly OlderGeneration[]): string {
  return `${generations.length === 1 ? 'pid' : 'pids'} ${generations.map(({ pid }) => pid).join(', ')}`
}
