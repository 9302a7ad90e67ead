/** Text as groff_man(7) wants it: no line is read as a request, and dashes can be copied. */
export function escapeRoff(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1')
}

export function bold(text: string): string {
  return `\\fB${escapeRoff(text)}\\fR`
}

export function italic(text: string): string {
  return `\\fI${escapeRoff(text)}\\fR`
}
