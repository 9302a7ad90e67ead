import type { ServiceParts } from './service-resources.ts'

/** Everything that a process of the service is made of. */
export type FlipParts = ServiceParts & {
  readonly state: unknown
  readonly parent?: ServiceParent | undefined
}

/** The process that waits for the service: its launcher, or the process that has forked it. */
export type ServiceParent = {
  /** Reports that the service is ready. */
  ready(): void
  /** Detaches from the parent, because this process has drained. The parent must no longer keep it alive. */
  leave(): void
}
