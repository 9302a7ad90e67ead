/** The text of results.json: one cell, peer or primitive a line, so that a diff shows which ones changed. */
export function resultsText(results) {
  const fields = Object.entries(results).map(([name, value]) => {
    if (!Array.isArray(value) || value.length === 0)
      return `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`
    const lines = value.map((entry) => `    ${JSON.stringify(entry)}`)
    return `  ${JSON.stringify(name)}: [\n${lines.join(',\n')}\n  ]`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}
