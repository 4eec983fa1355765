import type { FullConfig } from '../options/schema.ts'
import type { Problems } from '../option-types/problems.ts'
import type { GroupPlan } from './resolved.ts'

/** Reports groups whose workers cannot be forked from a template. */
export function checkPreload(
  plans: readonly GroupPlan[],
  { groups }: FullConfig,
  problems: Problems,
): void {
  for (const { group } of plans) {
    if (group.preload !== true) continue
    const path =
      groups[group.name]?.preload === undefined ? ['preload'] : ['groups', group.name, 'preload']
    if (group.engine === 'embedded')
      problems.add(
        path,
        'embedded Python runs inside Node, which cannot be forked; leave the option out, or use the engine "daemon"',
      )
    const inner = group.applications.find(
      (one) => 'interpreter' in one && one.interpreter !== undefined,
    )
    if (group.isolation === 'interpreter' || inner !== undefined)
      problems.add(
        path,
        `sub-interpreters do not survive a fork, and group ${JSON.stringify(group.name)} has some; leave the option out, or put their applications into another group`,
      )
  }
}
