import type { Scaling } from '../core/process-group.ts'
import type { GroupDemands } from '../replicas/replica-plan.ts'
import type { GroupPlan, RouteFunctions, RoutePlan, ServerPlan } from './config/resolved.ts'

/** Whether a group runs Python inside Node. */
export function hasEmbedded(plan: ServerPlan): boolean {
  return plan.groups.some(({ group }) => group.engine === 'embedded')
}

/** Number of replicas for a plan; all embedded groups have the same number of processes. */
export function countReplicas(plan: ServerPlan): number {
  return Math.max(1, ...plan.groups.map(({ group }) => embeddedProcesses(group)))
}

/** The plan of one replica: a share of the worker processes and programs, and no watching of files. */
export function dividePlan(plan: ServerPlan, replicas: number): ServerPlan {
  const divide = ({ group, ...rest }: GroupPlan): GroupPlan => ({
    ...rest,
    group: {
      ...group,
      processes: group.engine === 'embedded' ? 1 : Math.ceil(group.processes / replicas),
      scaling: group.scaling && divideScaling(group.scaling, replicas),
      multiprocess: group.multiprocess || replicas > 1,
      // A failed application needs a new interpreter, so a new replica, which the parent process starts.
      retries: group.engine === 'daemon',
    },
  })
  const groups = plan.groups.filter(({ group }) => group.service === undefined).map(divide)
  return {
    ...plan,
    groups,
    // The parent process has services and jobs, once for all.
    cron: [],
    routes: plan.routes.map((route) => divideProgram(route, replicas)),
    // Functions do not travel: the replica reads the configuration.
    routeFunctions: new Map<number, RouteFunctions>(),
    dispatchers: new Map<string, never>(),
    temporaryFolder: undefined,
    // The parent process is controlled.
    control: undefined,
    reload: false,
    hints: [],
    warnings: [],
  }
}

/** The plan of what runs without requests. */
export function selectServices(plan: ServerPlan): ServerPlan {
  return {
    ...plan,
    groups: plan.groups.filter(({ group }) => group.service !== undefined),
    routes: [],
    lrwp: undefined,
    // Each has its own user: this process keeps its rights.
    account: undefined,
    temporaryFolder: undefined,
    reload: false,
    refresh: false,
    compression: false,
    proxies: undefined,
    scriptReloading: false,
    startAnyway: true,
    hints: [],
    warnings: [],
  }
}

function divideScaling({ min, max, idle }: Scaling, replicas: number): Scaling {
  return { min: Math.ceil(min / replicas), max: Math.ceil(max / replicas), idle }
}

/** A replica has a share of the processes of a program, as each has programs of its own. */
function divideProgram(route: RoutePlan, replicas: number): RoutePlan {
  const { answerer } = route
  if (answerer.kind !== 'upstream' || answerer.plan.program === undefined) return route
  const { program } = answerer.plan
  const processes = Math.ceil(program.processes / replicas)
  const plan = { ...answerer.plan, program: { ...program, processes } }
  return { ...route, answerer: { ...answerer, plan } }
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
