import type { RollingSupervisor, SupervisorExit } from '@shellflip/rolling-supervisor'
import type { Logger } from '../log/logger.ts'
import { describe } from './find-left-behind.ts'
import type { LeftBehind } from './left-behind.ts'
import type { RecordKeeper } from './record-keeper.ts'

export type Replacement = {
  /** Resolves once the supervisor's end is the orphans' as well: whether one of them serves on. */
  over(exit: SupervisorExit): Promise<boolean>
}

/**
 * Treats orphans like a predecessor: they drain when the first generation serves. A generation that cannot start leaves
 * them serving, and their record for the next try.
 */
export function replaceOrphans(
  left: LeftBehind,
  supervisor: RollingSupervisor,
  record: RecordKeeper | undefined,
  logger: Logger,
): Replacement {
  let draining: Promise<void> | undefined
  const drain = () => {
    draining ??= left.end().then(
      () => record?.note(),
      (error: Error) =>
        logger.log('ERROR', 'generation of a killed procroll still runs', { error: error.message }),
    )
    return draining
  }
  supervisor.onEvent(({ type }) => {
    if (type !== 'promoted' || draining !== undefined) return
    logDraining(left, logger)
    void drain()
  })
  return {
    async over({ type }) {
      if (type === 'stopped') await drain()
      else await draining
      const orphans = left.orphans()
      for (const orphan of orphans) {
        logger.log(
          'ERROR',
          'the new version does not serve: the generation of a killed procroll keeps serving',
          describe(orphan),
        )
      }
      return orphans.length > 0
    },
  }
}

function logDraining(left: LeftBehind, logger: Logger): void {
  for (const orphan of left.orphans()) {
    logger.log('INFO', 'stopping the generation of a killed procroll', describe(orphan))
  }
}
