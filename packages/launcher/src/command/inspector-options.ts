/** Matches `--inspect` and the other options that name its port. Node takes `_` for `-`. */
const inspectorOption = /^--(inspect|inspect[-_](?:brk|wait|port)|debug[-_]port)(?:=(.*))?$/s

/**
 * Gives each generation an inspector of its own. The predecessor still has the port when its successor starts, so the successor takes a
 * free one of the same host. It does not wait for a debugger, or it would not become ready in time.
 */
export function withOwnInspector<Arg extends string | Buffer>(options: readonly Arg[]): (Arg | string)[] {
  return options.map((option, index) => {
    const before = options[index - 1]
    if (typeof before === 'string' && /^--(inspect|debug)[-_]port$/.test(before))
      return freePort(String(option))
    const [, name, value] = typeof option === 'string' ? (inspectorOption.exec(option) ?? []) : []
    if (name === undefined) return option
    if (/port$/.test(name)) return value === undefined ? option : `--${name}=${freePort(value)}`
    return `--inspect=${freePort(value ?? '')}`
  })
}

/** Does the same for the variable NODE_OPTIONS. */
export function nodeOptionsWithOwnInspector(value: Buffer): Buffer {
  // As latin1: the characters that Node reads as syntax are ASCII, and the other bytes stay.
  const options = nodeOptionWords(value.toString('latin1'))
  const own = withOwnInspector(options)
  if (own.every((option, index) => option === options[index])) return value
  return Buffer.from(own.map(quoted).join(' '), 'latin1')
}

/** Replaces the port of `[host:]port`, or of one of the two, by a free one. */
function freePort(address: string): string {
  if (address === '' || /^\d+$/.test(address)) return '0'
  const host = /^(\[.*\]|[^:]*)(?::\d*)?$/.exec(address)?.[1]
  return host === undefined ? '0' : `${host}:0`
}

/** Splits as ParseNodeOptionsEnvVar() of Node does: words are separated by spaces, `"` quotes, and `\` escapes inside of quotes. */
export function nodeOptionWords(text: string): string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"?|[^ "])+/gs) ?? []
  return words.map((word) => word.replace(/"((?:\\.|[^"\\])*)"?/gs, (_, inner: string) => unescaped(inner)))
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}

export function quoted(word: string): string {
  return /[ "]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word
}
