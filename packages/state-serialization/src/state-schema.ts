import type { TwoWaySchema } from '@shellflip/internal'

/** Describes the part of a schema that this package uses. Each schema of zod ^4.1.0 has it. */
export type StateSchema<T> = TwoWaySchema<T>
