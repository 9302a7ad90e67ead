import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { shellflip } from './index.ts'

const schema = z.object({ kind: z.enum(['a', 'b']), n: z.number().nullable() })
const One = defineState({ name: 'one', version: 1, schema })
const Many = defineStateStream({ name: 'many', version: 1, schema })
const visits = defineState({ name: 'visits', version: 1, schema: z.map(z.string(), z.int()) })

type Start = typeof shellflip

test('the schema alone says what the type of the state is', () => {
  const starts = async (start: Start): Promise<void> => {
    const one = await start({ state: One, save: () => ({ kind: 'a' as const, n: null }) })
    expectTypeOf(one.state).toEqualTypeOf<{ kind: 'a' | 'b'; n: number | null } | undefined>()
    const loose = await start({ state: visits, save: () => new Map() })
    expectTypeOf(loose.state).toEqualTypeOf<Map<string, number> | undefined>()
    const many = await start({ state: Many, save: () => [{ kind: 'b' as const, n: 1 }] })
    expectTypeOf(many.state).toEqualTypeOf<AsyncIterable<{ kind: 'a' | 'b'; n: number | null }> | undefined>()
    expectTypeOf((await start({ version: '1' })).state).toEqualTypeOf<undefined>()
  }
  expectTypeOf(starts).toBeFunction()
})

test('what the schema does not take does not compile', () => {
  const wrong = { state: One, save: () => ({ kind: 'zzz', n: 1 }) }
  const starts = [
    // @ts-expect-error 'zzz' is not a kind
    (start: Start) => start({ state: One, save: () => ({ kind: 'zzz', n: 1 }) }),
    // @ts-expect-error the same, in an object of its own
    (start: Start) => start(wrong),
    // @ts-expect-error n is missing
    (start: Start) => start({ state: One, save: () => ({ kind: 'a' as const }) }),
    // @ts-expect-error 'zzz' is not a kind
    (start: Start) => start({ state: Many, save: () => [{ kind: 'zzz', n: 1 }] }),
    // @ts-expect-error a promise is no state
    (start: Start) => start({ state: One, save: async () => ({ kind: 'a' as const, n: 1 }) }),
  ]
  expect(starts).toHaveLength(5)
})
