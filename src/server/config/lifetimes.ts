import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GroupPlan } from './resolved.ts'

/** Limits at which a process is replaced, which Python inside Node cannot be. */
const OF_PROCESSES = [
  'maximumRequests',
  'restartInterval',
  'evictionTimeout',
  'inactivityTimeout',
  'cpuTimeLimit',
] as const

/** Reports limits of workers in groups that have none. */
export function checkLifetimes(
  plans: readonly GroupPlan[],
  { groups }: FullConfig,
  problems: Problems,
): void {
  for (const { group } of plans) {
    if (group.engine !== 'embedded') continue
    for (const key of OF_PROCESSES)
      if (group[key] !== undefined && group[key] !== 0)
        problems.add(
          groups[group.name]?.[key] === undefined ? [key] : ['groups', group.name, key],
          `is for worker processes, but Python runs inside the server (engine "embedded"); leave it out, or use the engine "daemon"`,
        )
  }
}
