import { nameLimits } from '../backends/group/name-limits.ts'
import { longestLimit } from '../core/time-limit.ts'
import { HealthCheck } from '../processes/health-check.ts'
import type { Replica } from '../replicas/replica.ts'
import type { ReplicaSet } from '../replicas/replica-set.ts'
import type { ServerPlan } from './config/resolved.ts'

/** A replica gets the longest limits of all its groups; the start of worker processes it watches itself. */
export function createHealthCheck(
  { groups }: Pick<ServerPlan, 'groups'>,
  set: ReplicaSet,
): HealthCheck<Replica> {
  const embedded = groups.filter(({ group }) => group.engine === 'embedded')
  const answering = groups.filter(({ group }) => group.service === undefined)
  return new HealthCheck({
    startup: longestLimit(embedded.map(({ group }) => nameLimits(group).startup)),
    ping: longestLimit(answering.map(({ group }) => nameLimits(group).ping)),
    members: () => set.members,
  })
}
