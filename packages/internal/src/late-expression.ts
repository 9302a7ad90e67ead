/**
 * Makes a regular expression at its first use. V8 checks a literal each time that it parses the file, and one with Unicode categories takes
 * a millisecond. A bundler turns `new RegExp('…')` back into a literal, so this function takes its parts.
 */
export function lateExpression(source: string, flags: string): () => RegExp {
  let made: RegExp | undefined
  return () => {
    made ??= new RegExp(source, flags)
    return made
  }
}
