import { dirname } from 'node:path'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import {
  distinguish,
  nameSource,
  placeApplication,
  type PlacedApplication,
} from './placed-application.ts'
import { listGroupNames } from './resolve-apps.ts'
import type { DispatchPlan } from '../routes/app-route.ts'
import type { RoutePlan } from './resolved.ts'

/** What chooses for each request, by the name of the application. */
export interface ResolvedDispatch {
  readonly plans: ReadonlyMap<string, DispatchPlan>
  /** The scripts, and the applications in the groups that they may choose. */
  readonly applications: readonly PlacedApplication[]
}

interface Surroundings {
  /** Including guards. */
  readonly applications: readonly PlacedApplication[]
  readonly directory: string
}

/** Resolves `apps.NAME.dispatch`; adds errors to `problems`. */
export function resolveDispatch(
  config: FullConfig,
  { applications, directory }: Surroundings,
  problems: Problems,
): ResolvedDispatch {
  const plans = new Map<string, DispatchPlan>()
  const added: PlacedApplication[] = []
  for (const [name, { dispatch }] of Object.entries(config.apps)) {
    const placed = applications.find(({ key }) => key === name)
    if (dispatch === undefined || placed === undefined) continue
    const { group } = placed
    const groups = listGroupNames(config)
    const others = groups.filter((other) => other !== group)
    added.push(...others.map((other) => ({ ...placed, key: '', group: other, base: other })))
    const { application } = placed
    const interpreter = 'interpreter' in application ? (application.interpreter ?? '') : ''
    const common = { groups: [group, ...others], interpreter }
    if (typeof dispatch !== 'string') {
      plans.set(name, { ...common, script: undefined })
      continue
    }
    problems.checkFile(['apps', name, 'dispatch'], dispatch)
    const script = placeScript(dispatch, group, [...applications, ...added], directory)
    added.push(script)
    plans.set(name, { ...common, script: script.application.name })
  }
  return { plans, applications: added }
}

/** The routes with what chooses for their applications. */
export function addDispatch(
  routes: readonly RoutePlan[],
  { plans }: ResolvedDispatch,
): readonly RoutePlan[] {
  if (plans.size === 0) return routes
  return routes.map((route) => {
    const { answerer } = route
    if (answerer.kind !== 'app') return route
    const dispatch = plans.get(answerer.plan.app)
    if (dispatch === undefined) return route
    return { ...route, answerer: { ...answerer, plan: { ...answerer.plan, dispatch } } }
  })
}

function placeScript(
  file: string,
  group: string,
  others: readonly PlacedApplication[],
  directory: string,
): PlacedApplication {
  return placeApplication(
    {
      kind: 'guard',
      name: distinguish(nameSource(file, directory), group, others),
      interface: 'script',
      file,
      functions: [],
      multithread: true,
    },
    { key: '', group, folder: dirname(file), argument: file },
  )
}
