import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import { placeGuardScript } from './place-guard-script.ts'
import type { PlacedApplication } from './placed-application.ts'
import { listGroupNames } from './resolve-apps.ts'
import type { DispatchPlace, DispatchPlan } from '../routes/app-route.ts'
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
    const copies = listCopies(placed, listGroupNames(config), applications)
    added.push(...copies)
    const places = [placed, ...copies].map(describePlace)
    if (typeof dispatch !== 'string') {
      plans.set(name, { places, script: undefined })
      continue
    }
    problems.checkFile(['apps', name, 'dispatch'], dispatch)
    const script = placeGuardScript(dispatch, placed.group, {
      applications: [...applications, ...added],
      directory,
    })
    added.push(script)
    plans.set(name, { places, script: script.application.name })
  }
  return { plans, applications: added }
}

/** The application in all other groups, and in the sub-interpreters that others have in each. */
function listCopies(
  placed: PlacedApplication,
  groups: readonly string[],
  applications: readonly PlacedApplication[],
): PlacedApplication[] {
  const { application, group: own } = placed
  const others = groups.filter((other) => other !== own)
  const elsewhere = others.map((other) => ({ ...placed, key: '', group: other, base: other }))
  // Nobody knows yet whether one that may be called either way is WSGI, as sub-interpreters need.
  if (!('interpreter' in application)) return elsewhere
  if (application.interpreter === undefined && application.interface !== 'wsgi') return elsewhere
  const inside = [own, ...others].flatMap((group) => {
    const found = applications.filter((one) => one.group === group).map(interpreterOf)
    const names = new Set(['', ...found].filter((name) => name !== interpreterOf(placed)))
    if (found.every((name) => name === '')) names.delete('')
    return [...names].map((name): PlacedApplication => {
      const interpreter = name === '' ? undefined : name
      const label = `${application.name} (interpreter ${interpreter ?? 'main'})`
      const copy = { ...application, name: label, interpreter }
      return { ...placed, key: '', group, base: group, application: copy }
    })
  })
  return [...elsewhere, ...inside]
}

/** The sub-interpreter of an application; empty for the main one. */
function interpreterOf({ application }: PlacedApplication): string {
  return ('interpreter' in application ? application.interpreter : undefined) ?? ''
}

function describePlace(placed: PlacedApplication): DispatchPlace {
  const { application, group } = placed
  return { group, interpreter: interpreterOf(placed), application: application.name }
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
