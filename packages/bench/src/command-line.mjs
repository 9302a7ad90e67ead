import { parseArgs } from 'node:util'

const numbers = {
  reloads: { value: 10, help: 'reloads of each cell' },
  runs: { value: 1, help: 'repeats of everything, in turn' },
  interval: { value: 2_000, help: 'ms from one reload to the next, at least' },
  base: { value: 5_000, help: 'ms of the phase without reloads' },
  'warm-up': { value: 2_000, help: 'ms of load before that' },
}

const defaultShapes = 'K64,K64-think,N32,L200'

const help = ({ peers, shapes, primitives }) => `Usage: pnpm bench [options]

Measures shellflip, procroll and their peers under the same load, and writes results.json, tables.md and plots.
One cell is one peer under one shape of load. --list shows what this machine can run.

  --peers LIST         all, none, ours, best, default, or names:
                       ${wrapped(peers)}
  --shapes LIST        all, families as K, or names (default ${defaultShapes}):
                       ${wrapped(shapes)}
  --primitives LIST    all, none, or names: ${wrapped(primitives)}
${Object.entries(numbers)
  .map(([name, { value, help: what }]) => `  ${`--${name} N`.padEnd(20)} ${what} (default ${value})`)
  .join('\n')}
  --output FOLDER      where results go (default packages/bench/results)
  --install-peers      installs Debian packages of peers that are missing
  --list               lists peers, shapes and primitives, and why some cannot run
  --help               shows this text

With only --primitives the peers do not run. With --peers or --shapes the primitives do not run.
`

/** A mistake in the command line. Its message is for people. */
export class UsageError extends Error {}

/**
 * Reads the command line against what there is: `{ peers: [{ name, isOurs }], shapes: [{ name, family }], primitives: [{ name }] }`.
 * Returns `{ type: 'help', text }`, `{ type: 'list' }`, or `{ type: 'run', … }`.
 */
export function readCommandLine(args, choices) {
  const values = parse(args)
  const names = mapValues(choices, (entries) => entries.map(({ name }) => name))
  if (values.help) return { type: 'help', text: help(names) }
  const loadsChosen = values.peers !== undefined || values.shapes !== undefined
  const primitivesChosen = values.primitives !== undefined
  const peers = values.peers ?? (primitivesChosen && !loadsChosen ? 'none' : 'all')
  const primitives = values.primitives ?? (loadsChosen ? 'none' : 'all')
  return {
    type: values.list ? 'list' : 'run',
    peers: select('peer', peers, choices.peers, {
      ours: ({ isOurs }) => isOurs,
      best: ({ configuration }) => configuration === 'best',
      default: ({ configuration }) => configuration === 'default',
    }),
    shapes: select('shape', values.shapes ?? defaultShapes, choices.shapes, familiesOf(choices.shapes)),
    primitives: select('primitive', primitives, choices.primitives),
    options: {
      reloads: count(values, 'reloads'),
      runs: count(values, 'runs'),
      intervalMs: count(values, 'interval'),
      baseMs: count(values, 'base'),
      warmUpMs: count(values, 'warm-up'),
    },
    output: values.output,
    install: values['install-peers'] ?? false,
  }
}

function parse(args) {
  const text = { type: 'string' }
  const flag = { type: 'boolean' }
  const options = {
    peers: text,
    shapes: text,
    primitives: text,
    output: text,
    ...mapValues(numbers, () => text),
    'install-peers': flag,
    list: flag,
    help: flag,
  }
  try {
    return parseArgs({ args: args.filter((argument) => argument !== '--'), options }).values
  } catch (error) {
    throw new UsageError(`${error.message}. The options are ${wrapped(Object.keys(options))}`)
  }
}

/** The entries that a list names, by a name of one or by a group of several. */
function select(what, list, entries, groups = {}) {
  const all = { all: () => true, none: () => false, ...groups }
  const wanted = list.split(',').filter((name) => name !== '')
  for (const name of wanted) {
    if (name in all || entries.some((entry) => entry.name === name)) continue
    const known = [...Object.keys(all), ...entries.map((entry) => entry.name)]
    throw new UsageError(`unknown ${what} "${name}". Choose from ${wrapped(known)}`)
  }
  return entries.filter((entry) => wanted.some((name) => name === entry.name || all[name]?.(entry)))
}

function familiesOf(shapes) {
  return Object.fromEntries(shapes.map(({ family }) => [family, (shape) => shape.family === family]))
}

function count(values, name) {
  const text = values[name]
  if (text === undefined) return numbers[name].value
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new UsageError(`--${name} must be a whole number from 1 on, not "${text}"`)
}

function wrapped(names) {
  return names.join(', ')
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
}
