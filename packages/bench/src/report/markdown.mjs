/** A Markdown table. Columns are `[heading, cell(row)]`, figures but for the first, unless `text` is set. */
export function table(columns, rows, { text = false } = {}) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(([heading]) => heading)),
    line(columns.map((_, index) => (index === 0 || text ? '---' : '---:'))),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n')
}

/** A number for people: `1,234`, `56`, `7.8`, `0.12`. A dash where there is none. */
export function figure(value, unit = '') {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  const digits = Math.abs(value) >= 20 || Number.isInteger(value) ? 0 : Math.abs(value) >= 1 ? 1 : 2
  const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return unit === '' ? text : `${text} ${unit}`
}

/** Two figures of one row: without reloads and with them. */
export function change(before, after) {
  return before === null && after === null ? '–' : `${figure(before)} → ${figure(after)}`
}

export function escapeCell(text) {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ')
}
