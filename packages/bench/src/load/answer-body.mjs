const sizes = { '/': undefined, '/big': 204_800 }

/** The id of the generation that a right answer names. Undefined for a wrong body. */
export function generationIn(path, body) {
  if (path === '/big' && body.length !== sizes[path]) return undefined
  const [, id, rest] = /^GENERATION (\S+)\n(.*)$/s.exec(body) ?? []
  if (id === undefined) return undefined
  return /^\.*$/.test(rest) && (path === '/big' || rest === '') ? id : undefined
}
