import { chooseDemands, isWorthwhile, leaveOut, listLeftOut } from '../backends/group/demands.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { ApplicationFinding } from '../core/backend.ts'
import type { Demands } from '../core/process-group.ts'
import type { Aim } from '../processes/member.ts'
import type { GroupFindings } from './messages.ts'
import type { ReplicaFailure } from './replica.ts'
import type { GroupDemands, ReplicaGroup, ReplicaPlan } from './replica-plan.ts'

/** What a replica has found in its groups. */
export interface ReplicaFindings {
  readonly groups: readonly ReplicaGroup[]
  readonly findings: GroupFindings
  readonly failures: GroupFailures
}

/** What is known when a replica is started. */
export interface KnownReplicas {
  readonly groups: ReplicaPlan['groups']
  /** What those found that count. */
  readonly known: readonly ReplicaFindings[]
  /** What others came to that were started in vain, just before, for the same. */
  readonly failed: readonly ReplicaFailure[]
}

/** What a replica has to load in each of its groups; undefined when nothing can be left out of what failed before. */
export function chooseReplicaDemands(
  aim: Aim,
  { groups, known, failed }: KnownReplicas,
): GroupDemands | undefined {
  const demands = new Map(groups.map(({ group }) => [group.name, chooseFor(aim, group, known)]))
  for (const { ended } of failed) {
    const before = ended && demands.get(ended.group)
    const without = before && leaveOut(before, ended.failure)
    if (ended === undefined || without === undefined) return undefined
    demands.set(ended.group, without)
  }
  // While an application is developed, a replica that serves nothing shows why.
  const isShown = aim !== 'repair' && groups.some(({ group }) => group.dev)
  if (failed.length > 0 && !isShown && !isWorthwhile(join(groups, demands))) return undefined
  return demandOneRepair(demands)
}

function chooseFor(aim: Aim, group: ReplicaGroup, known: readonly ReplicaFindings[]): Demands {
  const { applications, dev } = group
  const found = known.flatMap((one) => listFound(one, group))
  if (aim !== 'repair' || group.engine === 'embedded')
    return chooseDemands(aim, { applications, found, dev })
  // It repairs its worker processes itself.
  const renewed = chooseDemands('renew', { applications, found, dev: false })
  return { ...renewed, leftOut: listLeftOut(found) }
}

/** A group that is not served has nothing but failures. */
function listFound(
  { groups, findings, failures }: ReplicaFindings,
  { name: group, applications }: ReplicaGroup,
): readonly ApplicationFinding[] {
  const unserved = failures[group]
  if (unserved === undefined) return findings[group]?.applications ?? []
  const demands = groups.find(({ name }) => name === group)?.demands
  return applications.map(({ name }) => {
    const leftOut = demands?.leftOut.find((one) => one.name === name)
    const { failure, traceback } = leftOut ?? {
      failure: unserved.message,
      traceback: unserved.traceback,
    }
    return {
      name,
      interface: '',
      found: '',
      failure,
      traceback,
      notes: [],
      staticFiles: undefined,
      leftOut: leftOut !== undefined,
    }
  })
}

/** A group cannot know what others have repaired: where several are broken, the replica is judged once it is ready. */
function demandOneRepair(demands: GroupDemands): GroupDemands {
  const broken = [...demands.values()].filter(({ oneOf }) => oneOf.length > 0)
  if (broken.length <= 1) return demands
  return new Map([...demands].map(([name, one]) => [name, { ...one, oneOf: [] }]))
}

function join(
  groups: ReplicaPlan['groups'],
  demands: GroupDemands,
): { applications: ReplicaGroup['applications']; demands: Demands }[] {
  return groups.flatMap(({ group: { name, applications } }) => {
    const own = demands.get(name)
    return own === undefined ? [] : [{ applications, demands: own }]
  })
}
