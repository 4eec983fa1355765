import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GroupPlan } from './resolved.ts'

/** Reports Python for turns of a worker's life in groups that have no workers. */
export function checkHooks(
  plans: readonly GroupPlan[],
  { groups }: FullConfig,
  problems: Problems,
): void {
  for (const { group } of plans) {
    if (group.engine !== 'embedded') continue
    const { name, hooks, startup = [] } = group
    const given = [hooks !== undefined && 'hooks', startup.length > 0 && 'startup'] as const
    for (const key of given)
      if (key !== false)
        problems.add(
          groups[name]?.[key] === undefined ? [key] : ['groups', name, key],
          `belongs to worker processes, and the embedded Python of group ${JSON.stringify(name)} has none; leave the option out, or use the engine "daemon"`,
        )
  }
}
