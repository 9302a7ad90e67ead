import { nodeOptionWords } from '@shellflip/launcher'

/** Another use of one of our signals. */
export type SharedSignal = { readonly signal: NodeJS.Signals; readonly by: string; readonly message: string }

type Use = { readonly signal: string; readonly by: string; readonly effect: string }

/** Finds the signals that Node also uses for something else. It would write a heap snapshot or a report at each upgrade. */
export function sharedSignals(signals: readonly NodeJS.Signals[]): SharedSignal[] {
  return [...heapSnapshotUses(), ...reportUses()].flatMap(({ signal: used, by, effect }) => {
    const signal = signals.find((name) => name === used)
    if (signal === undefined) return []
    const message = `${signal} is a signal of this service and of ${by}: each one also ${effect}. Give ${by} another signal.`
    return [{ signal, by, message }]
  })
}

function heapSnapshotUses(): Use[] {
  const words = [...nodeOptionWords(process.env.NODE_OPTIONS ?? ''), ...process.execArgv]
  const signal = optionValue('--heapsnapshot-signal', words)
  const effect = 'writes a heap snapshot, which can take seconds'
  return signal === undefined ? [] : [{ signal, by: '--heapsnapshot-signal', effect }]
}

/** Options, NODE_OPTIONS and the program itself can set it. */
function reportUses(): Use[] {
  const { reportOnSignal, signal } = process.report ?? { reportOnSignal: false, signal: '' }
  return reportOnSignal ? [{ signal, by: '--report-on-signal', effect: 'writes a diagnostic report' }] : []
}

/** Returns the last value, which counts, of `--name=value` or `--name value`. Node accepts `_` for `-`. */
function optionValue(option: string, words: readonly string[]): string | undefined {
  const index = words.findLastIndex((word) => nameOf(word) === option)
  const word = words[index]
  if (word === undefined) return undefined
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[index + 1]
}

function nameOf(word: string): string {
  return (word.split('=', 1)[0] ?? '').replaceAll('_', '-')
}
