import type { FlipLife } from './flip-life.ts'
import type { ServiceParts } from './service-resources.ts'

/** Prepares the next upgrade once this process alone serves. A boot beside a drain would slow down the requests of both. */
export async function prepareNext({ predecessor, carrier }: ServiceParts, life: FlipLife): Promise<void> {
  await predecessor.gone
  if (life.phase === 'serving') carrier.keepPrepared()
}
