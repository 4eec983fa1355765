import type { GuardFunction } from '../../core/application.ts'
import { formatPath, type OptionPath, type Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import { placeGuardScript, type PlacedGuard } from './place-guard-script.ts'
import type { PlacedApplication } from './placed-application.ts'
import { createUsualUpstream } from '../routes/upstream-options.ts'
import type { SpawnContext } from '../routes/spawn-options.ts'
import { createUpstreamPlan, type UpstreamPlan } from '../routes/upstream-route.ts'
import { checkGroupName, listGroupNames } from './resolve-apps.ts'
import type { AuthPlan, GuardPlan, GuardSource } from './resolved.ts'

type RouteConfig = FullConfig['routes'][number]
type AuthConfig = NonNullable<RouteConfig['auth']>

/** The checks of all routes, and the scripts that they need. */
export interface ResolvedGuards {
  /** By the index of the route. */
  readonly plans: ReadonlyMap<number, GuardPlan>
  readonly applications: readonly PlacedApplication[]
}

interface Surroundings {
  readonly applications: readonly PlacedApplication[]
  readonly directory: string
}

const FUNCTIONS = ['checkPassword', 'getRealmHash', 'groupsForUser'] as const

/** Resolves `access` and `auth` of the routes; adds errors to `problems`. */
export function resolveGuards(
  config: FullConfig,
  surroundings: Surroundings,
  problems: Problems,
): ResolvedGuards {
  const scripts = new GuardScripts(surroundings)
  const plans = new Map<number, GuardPlan>()
  for (const [index, route] of config.routes.entries()) {
    const { access, auth, authorizer } = route
    if (access === undefined && auth === undefined && authorizer === undefined) continue
    const where = ['routes', String(index)]
    const group = chooseGroup(route, { config, where, ...surroundings }, problems)
    if (auth !== undefined) checkAuth(auth, [...where, 'auth'], problems)
    if (typeof access === 'string') problems.checkFile([...where, 'access'], access)
    plans.set(index, {
      route: index,
      access: access === undefined ? undefined : scripts.find(access, group, ['allow_access']),
      auth: auth && createAuthPlan(auth, scripts.find(auth.script, group, listFunctions(auth))),
      authorizer:
        authorizer === undefined
          ? undefined
          : createAuthorizerPlan(authorizer, {
              where: [...where, 'authorizer'],
              directory: surroundings.directory,
              problems,
            }),
    })
  }
  return { plans, applications: scripts.applications }
}

/** Scripts as applications, one for each file in each group. */
class GuardScripts {
  readonly #placed = new Map<string, PlacedGuard>()
  readonly #surroundings: Surroundings

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  find(script: unknown, group: string, functions: readonly GuardFunction[]): GuardSource {
    if (typeof script !== 'string') return { kind: 'functions' }
    const key = `${group}:${script}`
    const { applications, directory } = this.#surroundings
    const others = [...applications, ...this.applications]
    const known =
      this.#placed.get(key) ?? placeGuardScript(script, group, { applications: others, directory })
    const { application } = known
    const all = [...new Set([...application.functions, ...functions])]
    this.#placed.set(key, { ...known, application: { ...application, functions: all } })
    return { kind: 'script', application: application.name, group }
  }

  get applications(): readonly PlacedApplication[] {
    return [...this.#placed.values()]
  }
}

/** The functions that a script needs. */
function listFunctions({ type, require }: AuthConfig): readonly GuardFunction[] {
  const check = type === 'basic' ? 'check_password' : 'get_realm_hash'
  return require?.group === undefined ? [check] : [check, 'groups_for_user']
}

/** The group that runs the scripts of a route. */
function chooseGroup(
  { app, auth }: RouteConfig,
  context: Surroundings & { readonly config: FullConfig; readonly where: OptionPath },
  problems: Problems,
): string {
  const { config, where, applications } = context
  const names = listGroupNames(config)
  const [first = ''] = names
  const given = auth?.group
  if (given === undefined)
    return applications.find(({ key }) => key === (app ?? formatPath(where)))?.base ?? first
  checkGroupName(given, { names, where: [...where, 'auth'] }, problems)
  return given
}

function createAuthorizerPlan(url: string, context: SpawnContext): UpstreamPlan {
  const { where, problems } = context
  const plan = createUpstreamPlan(createUsualUpstream(url), context)
  if (plan.addresses.some(({ protocol }) => protocol !== 'fastcgi'))
    problems.add(
      where,
      `${JSON.stringify(url)} speaks another protocol, but authorizers are known to FastCGI only, as in "fastcgi://127.0.0.1:9002"`,
    )
  return { ...plan, role: 'authorizer' }
}

function createAuthPlan(auth: AuthConfig, source: GuardSource): AuthPlan {
  const { type, realm = '', require, cache, passAuthorization, algorithm } = auth
  return {
    type,
    realm,
    source,
    users: require?.user ?? [],
    groups: require?.group ?? [],
    algorithms: algorithm ?? ['MD5'],
    cache,
    passesAuthorization: passAuthorization,
  }
}

function checkAuth(auth: AuthConfig, where: OptionPath, problems: Problems): void {
  const { type, realm, script, require, algorithm } = auth
  if (realm === undefined)
    problems.add([...where, 'realm'], 'is missing; browsers show it, as in realm: "staff"')
  if (script !== undefined) problems.checkFile([...where, 'script'], script)
  if (algorithm !== undefined && type === 'basic')
    problems.add([...where, 'algorithm'], 'belongs to type "digest", but this is "basic"')
  const { user = [], group = [] } = require ?? {}
  if (require !== undefined && user.length + group.length === 0)
    problems.add([...where, 'require'], 'names nobody; give user or group')
  checkSource(auth, where, problems)
}

/** A script or functions, not both; and the functions that are needed. */
function checkSource(auth: AuthConfig, where: OptionPath, problems: Problems): void {
  const { type, script, require } = auth
  const given = FUNCTIONS.filter((name) => auth[name] !== undefined)
  const check = type === 'basic' ? 'checkPassword' : 'getRealmHash'
  if (script !== undefined) {
    if (given.length > 0)
      problems.add(where, `has both script and ${given.join(' and ')}; give one of the two`)
  } else if (given.length === 0)
    problems.add(where, `says nothing of users; give script: "auth.py", or the function ${check}`)
  else {
    const needed: (typeof FUNCTIONS)[number][] =
      require?.group === undefined ? [check] : [check, 'groupsForUser']
    for (const name of needed)
      if (auth[name] === undefined)
        problems.add([...where, name], `is missing, but this route needs it`)
  }
}
