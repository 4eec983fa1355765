import type { GroupPlan, ServerPlan } from './config/resolved.ts'

/** Whether Python runs inside Node somewhere. */
export function hasEmbedded(plan: ServerPlan): boolean {
  return plan.groups.some(({ group }) => group.engine === 'embedded')
}

/** Node processes that a plan asks for: all embedded groups want equally many. */
export function countReplicas(plan: ServerPlan): number {
  return Math.max(1, ...plan.groups.map(({ group }) => embeddedProcesses(group)))
}

/** The part of a plan that one replica carries out: a share of the worker processes, and no watching of files. */
export function dividePlan(plan: ServerPlan, replicas: number): ServerPlan {
  const divide = ({ group, ...rest }: GroupPlan): GroupPlan => ({
    ...rest,
    group: {
      ...group,
      processes: group.engine === 'embedded' ? 1 : Math.ceil(group.processes / replicas),
      multiprocess: group.multiprocess || replicas > 1,
      // A new process has an interpreter in which nothing has been tried yet.
      retries: group.engine === 'daemon',
    },
  })
  return { ...plan, groups: plan.groups.map(divide), reload: false, warnings: [] }
}

/** The same, for a start that fails unless each group serves these applications. */
export function requireServed(
  plan: ServerPlan,
  listRequired: (group: GroupPlan['group']) => readonly string[],
): ServerPlan {
  const groups = plan.groups.map(({ group, ...rest }) => {
    const required = listRequired(group)
    const startAnyway = group.startAnyway && required.length === 0
    return { ...rest, group: { ...group, required, startAnyway } }
  })
  return { ...plan, groups }
}

function embeddedProcesses(group: GroupPlan['group']): number {
  return group.engine === 'embedded' ? group.processes : 1
}
