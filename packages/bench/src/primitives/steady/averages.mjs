export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function medianOf(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
