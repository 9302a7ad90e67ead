import { aggregate } from './aggregate.mjs'
import { headline } from './headline.mjs'
import { primitivePlots, shapePlot } from './plots.mjs'
import { primitiveRows, primitiveTable } from './primitive-rows.mjs'
import { resultsText } from './results-text.mjs'
import { shapeTables } from './shape-table.mjs'

/** Everything that a run writes: `{ file name: text }`. All of it follows from the results. */
export function resultFiles(results) {
  const shapes = aggregate(results)
  const primitives = primitiveRows(results.primitives)
  return {
    'results.json': resultsText(results),
    'tables.md': tables(shapes, primitives, results),
    ...Object.fromEntries(shapes.map(shapePlot).filter((plot) => plot !== undefined)),
    ...Object.fromEntries(primitives.flatMap(primitivePlots)),
  }
}

function tables(shapes, primitives, { peers, options }) {
  const sections = [
    ...(shapes.length > 0 ? [headline({ aggregated: shapes, peers, options })] : []),
    ...shapes.map((shape) => `## ${shape.name}: ${shape.title}\n\n${shapeTables(shape)}`),
    ...primitives.map(({ name, problem, rows }) => `## ${name}\n\n${problem ?? primitiveTable({ rows })}`),
  ]
  return `${sections.join('\n\n')}\n`
}
