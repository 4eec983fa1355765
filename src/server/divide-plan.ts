import type { GroupDemands } from '../replicas/replica-plan.ts'
import type { GroupPlan, RouteFunctions, ServerPlan } from './config/resolved.ts'

/** Whether a group runs Python inside Node. */
export function hasEmbedded(plan: ServerPlan): boolean {
  return plan.groups.some(({ group }) => group.engine === 'embedded')
}

/** Number of replicas for a plan; all embedded groups have the same number of processes. */
export function countReplicas(plan: ServerPlan): number {
  return Math.max(1, ...plan.groups.map(({ group }) => embeddedProcesses(group)))
}

/** The plan of one replica: a share of the worker processes, and no watching of files. */
export function dividePlan(plan: ServerPlan, replicas: number): ServerPlan {
  const divide = ({ group, ...rest }: GroupPlan): GroupPlan => ({
    ...rest,
    group: {
      ...group,
      processes: group.engine === 'embedded' ? 1 : Math.ceil(group.processes / replicas),
      multiprocess: group.multiprocess || replicas > 1,
      // A failed application needs a new interpreter, so a new replica, which the parent process starts.
      retries: group.engine === 'daemon',
    },
  })
  const groups = plan.groups.map(divide)
  return {
    ...plan,
    groups,
    // Functions do not travel: the replica reads the configuration.
    routeFunctions: new Map<number, RouteFunctions>(),
    temporaryFolder: undefined,
    reload: false,
    hints: [],
    warnings: [],
  }
}

/** The plan with a start that fails unless each group meets its demands. */
export function demandServed(plan: ServerPlan, allDemands: GroupDemands): ServerPlan {
  const groups = plan.groups.map(({ group, ...rest }) => {
    const demands = allDemands.get(group.name) ?? group.demands
    const isFree = demands.required.length === 0 && demands.oneOf.length === 0
    return { ...rest, group: { ...group, demands, startAnyway: group.startAnyway && isFree } }
  })
  return { ...plan, groups }
}

function embeddedProcesses(group: GroupPlan['group']): number {
  return group.engine === 'embedded' ? group.processes : 1
}
