import { ISOLATIONS, type Isolation } from '../../core/isolation.ts'
import { boolean, choice } from '../option-types/kinds.ts'
import { optional } from '../option-types/option.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'

/** Keys of the kinds of routes whose Python may run apart. */
export const ISOLATION_OPTIONS = {
  isolation: optional(choice(ISOLATIONS), {
    description:
      'shared, the default: scripts run in the threads of a warm interpreter; interpreter: one request at a time in a warm sub-interpreter (Python 3.12); process: one request at a time in a warm process; fresh: each request in a new process, forked from a warm one.',
  }),
  reuseInterpreters: optional(boolean, {
    description: 'false is the same as `isolation: "fresh"`.',
  }),
}

/** The values of these keys. */
export interface GivenIsolation {
  readonly isolation?: Isolation | undefined
  readonly reuseInterpreters?: boolean | undefined
}

/** The isolation of a route; adds an error to `problems` if its keys contradict each other. */
export function resolveIsolation(
  { isolation, reuseInterpreters }: GivenIsolation,
  where: OptionPath,
  problems: Problems,
): Isolation {
  if (reuseInterpreters !== false) return isolation ?? 'shared'
  if (isolation !== undefined && isolation !== 'fresh')
    problems.add(
      [...where, 'reuseInterpreters'],
      `false means the isolation "fresh", but isolation is "${isolation}"; give one of the two`,
    )
  return 'fresh'
}
