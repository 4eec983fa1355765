import { choosePatience, type EndLimits } from '../backends/group/patience.ts'
import type { RestartReason } from '../core/restart-reason.ts'
import { toLimit } from '../core/time-limit.ts'
import type { ReplicaGroup } from './replica-plan.ts'

type Limits = EndLimits & Pick<ReplicaGroup, 'engine'>

/** Time in ms for the requests of a replica that has reached a limit; undefined: it is replaced for something else. */
export function chooseReplicaPatience(
  reason: RestartReason,
  groups: readonly { readonly group: Limits }[],
): number | undefined {
  const times = groups.map(({ group }) =>
    group.engine === 'embedded' ? choosePatience(reason, group) : toLimit(group.timeouts.shutdown),
  )
  const known = times.filter((time) => time !== undefined)
  return known.length < times.length ? undefined : Math.max(0, ...known)
}
