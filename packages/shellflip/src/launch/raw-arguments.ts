/** What `spawn` takes: Node encodes each argument as UTF-8. */
type Spawnable = { file: string; args: string[] }

/**
 * A command whose arguments may be any bytes. Those that are no text go through a shell, written in octal: it decodes
 * them, and becomes the program.
 */
export function spawnable(file: string, args: readonly (string | Buffer)[]): Spawnable {
  if (args.every((arg) => typeof arg === 'string')) return { file, args: args as string[] }
  const octal = [file, ...args].map((arg) => quoted(typeof arg === 'string' ? Buffer.from(arg) : arg))
  const names = octal.map((_, index) => `a${index}`)
  const assignments = octal.map((text, index) => `a${index}=$(printf '${text}x'); a${index}=\${a${index}%x}`)
  return {
    file: '/bin/sh',
    args: ['-c', `${assignments.join('; ')}; exec ${names.map((name) => `"$${name}"`).join(' ')}`],
  }
}

/** The `x` behind it keeps line breaks at its end, which `$(…)` would drop. */
function quoted(bytes: Buffer): string {
  return Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
