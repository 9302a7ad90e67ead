import { formatLine, type Layout, type Segment, textOf } from './line.ts'
import { stringWidth } from './text-width.ts'

/** Lays out rows in columns, each as wide as its widest cell. */
export function formatTable(rows: readonly (readonly Segment[])[], layout: Layout = {}): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => stringWidth(textOf(row[column])))),
  )
  return rows.map((row) => {
    const cells = row.flatMap((cell, column) => {
      const missing = (widths[column] ?? 0) - stringWidth(textOf(cell))
      return [cell, ' '.repeat(missing + 2)]
    })
    return formatLine(cells, layout)
  })
}
