/** The facts about the values that a schema gives for saving. */
export type SchemaWay = {
  /** Parsing and encoding check the same and give the same. zod parses several times as fast as it encodes. */
  readonly isSymmetric: boolean
  /** Its objects, arrays, Maps and Sets are made by the schema, from what it names. So they have no other properties. */
  readonly makesContainers: boolean
}

const unknownWay: SchemaWay = { isSymmetric: false, makesContainers: false }

type Part = {
  readonly _zod?: { readonly def?: PartDefinition }
}

type PartDefinition = Readonly<Record<string, unknown>> & {
  readonly type?: string
  readonly checks?: readonly Part[]
}

/** The types of parts that only look at their value, with the names of the parts that they contain. */
const symmetricTypes: Readonly<Record<string, readonly string[]>> = {
  string: [],
  number: [],
  int: [],
  boolean: [],
  bigint: [],
  date: [],
  null: [],
  undefined: [],
  nan: [],
  literal: [],
  enum: [],
  never: [],
  any: [],
  unknown: [],
  optional: ['innerType'],
  nullable: ['innerType'],
  array: ['element'],
  tuple: ['items', 'rest'],
  record: ['keyType', 'valueType'],
  map: ['keyType', 'valueType'],
  set: ['valueType'],
  union: ['options'],
  object: ['shape', 'catchall'],
}

/** Their value comes through as it is, whatever it contains. So do the values of a loose record whose keys do not match. */
const opaqueTypes = new Set(['any', 'unknown'])

/** The checks that do not change their value, and do not call a function of the program. */
const symmetricChecks = new Set([
  'less_than',
  'greater_than',
  'multiple_of',
  'number_format',
  'bigint_format',
  'max_size',
  'min_size',
  'size_equals',
  'max_length',
  'min_length',
  'length_equals',
  'string_format',
])

/** A schema may make new parts for ever, each time that one is looked at. */
const maxParts = 1_000

/** Looks at the parts of a schema. A part that is not known makes the whole schema unknown. */
export function schemaWay(schema: object): SchemaWay {
  const seen = new Set<unknown>()
  const open: unknown[] = [schema]
  let makesContainers = true
  try {
    for (const part of open) {
      if (seen.has(part)) continue
      if (seen.add(part).size > maxParts) return unknownWay
      const definition = (part as Part)._zod?.def
      const names = definition && isSymmetric(definition) ? symmetricTypes[definition.type ?? ''] : undefined
      if (definition === undefined || names === undefined) return unknownWay
      if (opaqueTypes.has(definition.type ?? '') || definition.mode === 'loose') makesContainers = false
      for (const name of names) open.push(...partsIn(definition[name], name))
    }
  } catch {
    // A key is a symbol, or a getter of a recursive schema refers to what is not there.
    return unknownWay
  }
  return { isSymmetric: true, makesContainers }
}

function isSymmetric({ coerce, format, checks = [] }: PartDefinition): boolean {
  return coerce !== true && format !== 'url' && checks.every((check) => isSymmetricCheck(check._zod?.def))
}

/** zod rewrites a URL in its check. */
function isSymmetricCheck(definition: PartDefinition | undefined): boolean {
  const { check, format } = definition ?? {}
  return typeof check === 'string' && symmetricChecks.has(check) && format !== 'url'
}

/** @throws {Error} if a key of a shape is a symbol: such a property cannot be encoded */
function partsIn(value: unknown, name: string): unknown[] {
  if (value === undefined || value === null) return []
  if (name === 'shape') {
    if (Object.getOwnPropertySymbols(value).length > 0) throw new Error('a key is a symbol')
    return Object.values(value)
  }
  return Array.isArray(value) ? value : [value]
}
