/** Rows under each other, in columns as wide as they need to be. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column]))))
  return rows
    .map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell))))
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n')
}

function width(cell = ''): number {
  return [...cell].length
}
