export function examples(line: string): string {
  return `\nExample:\n  ${line}`
}
