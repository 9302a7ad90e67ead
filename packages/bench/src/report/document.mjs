import { aggregate } from './aggregate.mjs'
import { headline } from './headline.mjs'
import { escapeCell, table } from './markdown.mjs'
import { primitivePlots, shapePlot } from './plots.mjs'
import { primitiveRows, primitiveTable } from './primitive-rows.mjs'
import { shapeTables } from './shape-table.mjs'

const plots = '../packages/bench/results'

/** docs/benchmarks.md, from the results of one run. */
export function benchmarksDocument(results) {
  const shapes = aggregate(results)
  const primitives = primitiveRows(results.primitives)
  return `${[
    introduction(results),
    headline({ aggregated: shapes, ...results }),
    howToRead(results),
    ...shapes.map(shapeSection),
    ...(primitives.length > 0 ? ['## Primitives', primitivesIntroduction] : []),
    ...primitives.map(primitiveSection),
    '## Peers',
    peersTable(results.peers),
    '## Machine',
    machineTable(results),
    repeat(results),
    limits,
  ].join('\n\n')}\n`
}

const introduction = ({ startedAt, options, peers }) => `# Benchmarks

<!-- npm run benchmarks writes this file from packages/bench/results/results.json. Do not edit it. -->

${peers.length} configurations under the same load, measured on ${startedAt.slice(0, 10)}. Each cell has ${options.reloads} reloads, at
least ${options.intervalMs / 1_000} s apart${options.runs > 1 ? `, and is measured ${options.runs} times. The tables show medians` : ''}.`

const howToRead = ({
  options,
}) => `Bold rows are ours. [The results](../packages/bench/results/results.json) have each reload alone.

## How it is measured

- Every configuration serves from one process. It answers a request with its generation.
- The load client is a process of its own with raw sockets. It never repeats a request, and it counts each one once.
- A request fails if its connection is refused, reset or closed, or if it has no answer 5 s after the end. It also fails
  with a status other than 200 or with a wrong body. \`how\` names the kind.
- The [self-test](../packages/bench/src/load/counts.process.test.mjs) holds these counts against servers that break a known
  number of requests. \`npm test\` runs it.
- A cell warms up for ${options.warmUpMs / 1_000} s. Then it runs ${options.baseMs / 1_000} s without reloads, and then the reloads. An arrow leads from the
  first to the second.
- Latency runs from writing the request to its whole answer. With a new connection it includes the connect.
- A reconnect is a connection opened in place of one that ended. An announced close (\`Connection: close\`) costs a
  reconnect, and is not a failure.
- A reload of a service with a prepared successor begins when that successor waits. The time before it counts failures,
  and no latencies.
- A row is *noisy* if something else used more than 0.3 cores of the machine meanwhile.
- *Only new* is the time from the trigger to the last answer of an old generation. A dash stands for more than 10 s.
- Live connections are endless answers or WebSockets. A client beside them opens a connection every 20 ms. It finds the
  generation that accepts, and the longest gap. Each tick and each echo is checked.
- CPU is in cores. *Tree* is every process of the peer, and *supervisor* the one that outlives the reloads.
  A client CPU near 1.0 means that the client limits the throughput.`

const primitivesIntroduction =
  'Each figure stands beside a peer of the same run. Compare the ratios, because absolute figures depend on the machine.'

function shapeSection(shape) {
  const plot = shapePlot(shape)
  return [
    `## ${shape.name}: ${shape.title}`,
    ...(plot ? [image(shape.title, plot[0])] : []),
    shapeTables(shape),
  ].join('\n\n')
}

function primitiveSection(primitive) {
  const { name, problem, rows } = primitive
  return [
    `### ${name}`,
    ...(problem ? [`It failed: ${problem}`] : []),
    ...(rows.length > 0 ? [primitiveTable(primitive)] : []),
    ...primitivePlots(primitive).map(([file]) => image(`cost of ${name} against N`, file)),
  ].join('\n\n')
}

const image = (title, file) => `![${title}](${plots}/${file})`

function peersTable(peers) {
  return table(
    [
      ['name', ({ name }) => `\`${name}\``],
      ['', ({ title }) => escapeCell(title)],
      ['configuration', ({ configuration }) => configuration],
      [
        'version',
        ({ version, unavailable }) => (unavailable ? `could not run: ${escapeCell(unavailable)}` : version),
      ],
      ['settings', ({ settings }) => escapeCell(settings)],
    ],
    peers,
    { text: true },
  )
}

function machineTable({ machine, startedAt, finishedAt }) {
  const sysctls = Object.entries(machine.sysctls)
    .map(([name, value]) => `\`${name}\` ${value ?? 'missing'}`)
    .join(', ')
  const client =
    machine.clientCpu === null
      ? 'not bound to a CPU, because taskset(1) or a second CPU is missing'
      : `bound to CPU ${machine.clientCpu}`
  const minutes = finishedAt
    ? `${Math.round((Date.parse(finishedAt) - Date.parse(startedAt)) / 60_000)} min`
    : 'ended early'
  const rows = [
    ['CPU', `${machine.cpu}, ${machine.cores} cores`],
    ['memory', `${machine.memoryGb} GB`],
    ['kernel', `Linux ${machine.kernel}: ${sysctls}`],
    ['Node', machine.node],
    ['load client', client],
    ['time of the run', minutes],
  ]
  return table(
    [
      ['', ([what]) => what],
      ['', ([, value]) => value],
    ],
    rows,
    { text: true },
  )
}

const repeat = ({ options, shapes, peers, primitives }) => `## Repeat it

\`\`\`sh
${[
  'npm run bench --',
  `--peers ${peers.length > 0 ? peers.map(({ name }) => name).join(',') : 'none'}`,
  `--shapes ${shapes.map(({ name }) => name).join(',') || 'K64'}`,
  `--primitives ${[...new Set(primitives.map(({ name }) => name))].join(',') || 'none'}`,
  `--reloads ${options.reloads} --runs ${options.runs} --interval ${options.intervalMs} --base ${options.baseMs} --warm-up ${options.warmUpMs}`,
].join(' \\\n  ')}
npm run benchmarks    # writes this file and the table of the README
\`\`\`

\`npm run bench -- --help\` lists the options, and \`--list\` the peers and shapes. A peer that hangs or dies gets a row with
the reason, and the run continues. Ctrl-C ends everything that the bench has started, and keeps the finished cells.`

const limits = `## Limits of these figures

- A network. Client and server share one machine over loopback, and they compete for its CPU.
- Many workers. Peers that spread load over all cores serve from one process here.
- Your clients. Many HTTP clients repeat a failed GET, and browsers do too. These do not, so they show what a server breaks.
- Steady speed of servers in other languages. Compare a peer with itself, without and with reloads.
- Rare races. A count of zero means zero in this number of reloads.
- Work of the application. The handlers answer from memory, and their processes start with little code to load.`
