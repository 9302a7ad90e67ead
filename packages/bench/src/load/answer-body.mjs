const bigBytes = 204_800

/** The id of the generation that a right answer names: alone, or with dots up to the size of /big. Undefined for a wrong body. */
export function generationIn(path, body) {
  if (path === '/big' && body.length !== bigBytes) return undefined
  const [, id, rest] = /^GENERATION (\S+)\n(\.*)$/.exec(body) ?? []
  return path === '/big' || rest === '' ? id : undefined
}
