import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GroupPlan } from './resolved.ts'

/** Limits of workers that Python inside Node cannot have, and why. */
const NOT_EMBEDDED = {
  inactivityTimeout:
    'is for worker processes, but Python runs inside the server (engine "embedded"), which has to be there for the next request',
  cpuTimeLimit:
    'is for worker processes, but Python runs inside the server (engine "embedded"), whose own work would count, too',
} as const

/** Reports limits of workers in groups that have none. */
export function checkLifetimes(
  plans: readonly GroupPlan[],
  { groups }: FullConfig,
  problems: Problems,
): void {
  for (const { group } of plans) {
    if (group.engine !== 'embedded') continue
    for (const key of ['inactivityTimeout', 'cpuTimeLimit'] as const)
      if (group[key] !== 0)
        problems.add(
          groups[group.name]?.[key] === undefined ? [key] : ['groups', group.name, key],
          `${NOT_EMBEDDED[key]}; leave it out, or use the engine "daemon"`,
        )
  }
}
