import type { GroupFailures } from '../backends/group/unserved.ts'
import type { Findings } from '../core/backend.ts'

/** What a started server or app serves. */
export interface Served {
  /** Findings about loaded applications, by group. */
  readonly findings: Readonly<Record<string, Findings>>
  /** Why groups cannot be served, by group. */
  readonly failures: GroupFailures
}
