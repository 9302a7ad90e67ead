export function resultFiles(results) {
  return { 'tables.md': '' }
}
