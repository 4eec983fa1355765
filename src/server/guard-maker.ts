import { TaipanError } from '../core/errors.ts'
import type { AccessCheck, Authority } from '../pipeline/guard/authority.ts'
import type { Authorizer } from '../pipeline/guard/authorizer.ts'
import type { AuthenticationRule, Guard } from '../pipeline/guard/guard.ts'
import type { GuardScriptUpstream } from '../pipeline/guard/question.ts'
import type { Scheme } from '../pipeline/guard/scheme.ts'
import type {
  AuthPlan,
  RouteFunctions,
  GuardPlan,
  GuardSource,
  GuardScript,
  ServerPlan,
} from './config/resolved.ts'
import type { AnswererContext } from './routes/route-kind.ts'
import { createUpstream, type UpstreamPlan } from './routes/upstream-route.ts'

/** How long all checks of a request may take where requests have no limit, and how long a script may wait for a thread. */
const TIMEOUT_MS = 60_000

/** Makes the guards of a plan; their modules are loaded with the first. */
export class GuardMaker {
  readonly #plan: ServerPlan
  readonly #context: AnswererContext

  constructor(plan: ServerPlan, context: AnswererContext) {
    this.#plan = plan
    this.#context = context
  }

  async create(plan: GuardPlan): Promise<Guard> {
    const { Guard: Made } = await import('../pipeline/guard/guard.ts')
    const { access, auth, authorizer } = plan
    return new Made({
      access: access && (await this.#createAccess(access, plan)),
      authentication: auth && (await this.#createAuthentication(auth, plan)),
      authorizer: authorizer && (await this.#createAuthorizer(authorizer)),
      timeout: this.#chooseTimeout(plan),
      logger: this.#context.logger,
    })
  }

  async #createAuthorizer(plan: UpstreamPlan): Promise<Authorizer> {
    const { Authorizer: Made } = await import('../pipeline/guard/authorizer.ts')
    return new Made(plan.options.name, await createUpstream(plan, this.#context))
  }

  /** Scripts have the limits of their group, too, but those of requests count without the queue. */
  #chooseTimeout({ access, auth }: GuardPlan): number {
    const { request } = this.#plan.timeouts
    const queue = access?.kind === 'script' || auth?.source.kind === 'script' ? TIMEOUT_MS : 0
    return request + queue || TIMEOUT_MS
  }

  async #createAccess(source: GuardSource, { route }: GuardPlan): Promise<AccessCheck> {
    if (source.kind === 'script') {
      const { createScriptAccess } = await import('../pipeline/guard/script-guard.ts')
      return createScriptAccess(this.#findScript(source))
    }
    const { createFunctionAccess } = await import('../pipeline/guard/function-guard.ts')
    const { access } = this.#functionsOf(route)
    if (access === undefined) throw createLoss(route)
    return createFunctionAccess(access)
  }

  async #createAuthentication(auth: AuthPlan, plan: GuardPlan): Promise<AuthenticationRule> {
    const { users, groups, passesAuthorization } = auth
    const authority = await this.#createAuthority(auth, plan)
    return {
      scheme: await this.#createScheme(auth, authority),
      requirement: { users, groups },
      passesAuthorization,
    }
  }

  async #createAuthority(auth: AuthPlan, { route }: GuardPlan): Promise<Authority> {
    const authority = await this.#createSource(auth, route)
    if (auth.cache === 0) return authority
    const { CachedAuthority } = await import('../pipeline/guard/cached-authority.ts')
    return new CachedAuthority(authority, auth.cache)
  }

  async #createSource({ source, realm, groups }: AuthPlan, route: number): Promise<Authority> {
    const wantsGroups = groups.length > 0
    if (source.kind === 'script') {
      const { ScriptAuthority } = await import('../pipeline/guard/script-guard.ts')
      return new ScriptAuthority({ place: this.#findScript(source), realm, wantsGroups })
    }
    const { FunctionAuthority } = await import('../pipeline/guard/function-guard.ts')
    const { auth: functions } = this.#functionsOf(route)
    return new FunctionAuthority({ functions, realm, wantsGroups })
  }

  #findScript({ application, group }: GuardScript): GuardScriptUpstream {
    const upstream = this.#context.backends.get(group)
    if (upstream === undefined) throw new Error(`no group ${group}`)
    return { upstream, application }
  }

  async #createScheme(
    { type, realm, algorithms }: AuthPlan,
    authority: Authority,
  ): Promise<Scheme> {
    if (type === 'basic') {
      const { BasicScheme } = await import('../pipeline/guard/basic-scheme.ts')
      return new BasicScheme(realm, authority)
    }
    const { DigestScheme } = await import('../pipeline/guard/digest-scheme.ts')
    return new DigestScheme({ realm, algorithms, key: this.#plan.secret, authority })
  }

  #functionsOf(route: number): RouteFunctions {
    const found = this.#plan.routeFunctions.get(route)
    if (found === undefined) throw createLoss(route)
    return found
  }
}

function createLoss(route: number): TaipanError {
  return new TaipanError(
    'CONFIG_INVALID',
    `routes[${route}]: its functions are not in the configuration file any more`,
  )
}
