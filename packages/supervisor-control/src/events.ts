import type { ControlServerEvent } from '@shellflip/control-socket'
import type { StopVerdict } from '@shellflip/internal'
import type { StopCause } from './stop-cause.ts'

/** A stop was requested. The first one drains. A later one is the same stop once more (`same`), or cuts the drain (`cut`). */
export type StopEvent = { type: 'stop-requested'; verdict: StopVerdict; cause: StopCause }

/** The events at the control socket: those of its server, and the reason why a supervisor without a name has none. */
export type PlaceEvent = ControlServerEvent | { type: 'no-control-socket'; error: Error }

export type SupervisorControlEvent = StopEvent | PlaceEvent
