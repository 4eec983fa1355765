import { longestTime } from '../core/time-limit.ts'
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
    startup: longestTime(embedded.map(({ group }) => group.timeouts.startup)),
    ping: longestTime(answering.map(({ group }) => group.timeouts.ping)),
    members: () => set.members,
  })
}
