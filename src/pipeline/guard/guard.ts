import { within } from './within.ts'
import { answerError } from '../../core/answer-error.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange, Handler } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import type { Admit } from '../guarded-places.ts'
import type { AccessCheck, GuardedRequest, KnownUser } from './authority.ts'
import type { Authorizer } from './authorizer.ts'
import type { Scheme } from './scheme.ts'

/** Which users may come in: one of these, or who is in one of these groups; all without any. */
export interface Requirement {
  readonly users: readonly string[]
  readonly groups: readonly string[]
}

/** Who a route asks for, and how. */
export interface AuthenticationRule {
  readonly scheme: Scheme
  readonly requirement: Requirement
  /** The application gets the Authorization field, too. */
  readonly passesAuthorization: boolean
}

/** The checks before a route, in this order. */
export interface GuardRules {
  readonly access: AccessCheck | undefined
  readonly authentication: AuthenticationRule | undefined
  readonly authorizer: Authorizer | undefined
  /** Milliseconds that all checks may take together. */
  readonly timeout: number
  readonly logger: Logger
}

/** Name of what answers, in the access log. */
const GUARD = 'guard'

/** Stands before a route: lets a request in, or answers it. What cannot be judged is refused. */
export class Guard {
  readonly #access: AccessCheck | undefined
  readonly #authentication: AuthenticationRule | undefined
  readonly #authorizer: Authorizer | undefined
  readonly #timeout: number
  readonly #logger: Logger

  constructor({ access, authentication, authorizer, timeout, logger }: GuardRules) {
    this.#access = access
    this.#authentication = authentication
    this.#authorizer = authorizer
    this.#timeout = timeout
    this.#logger = logger
  }

  /** Gives the exchange to `next` if it may come in. */
  readonly admit: Admit = (exchange, match, next) => {
    void this.#admit({ exchange, match }, next)
  }

  async #admit(request: GuardedRequest, next: Handler): Promise<void> {
    const { exchange } = request
    let admitted: Exchange | undefined
    try {
      admitted = await within(this.#timeout, this.#judge(request), 'told')
    } catch (error) {
      if (!exchange.response.finished) this.#fail(exchange, error)
      return
    }
    if (admitted !== undefined && !exchange.response.finished) next(admitted)
  }

  /** The exchange that the route gets; undefined if it has been answered. */
  async #judge(request: GuardedRequest): Promise<Exchange | undefined> {
    const { exchange } = request
    if (this.#access !== undefined && !(await this.#access.allows(request))) {
      refuse(exchange, 'FORBIDDEN')
      return undefined
    }
    const rule = this.#authentication
    const known = rule === undefined ? exchange : await authenticate(request, rule)
    if (known === undefined || known.response.finished) return undefined
    return this.#authorizer === undefined ? known : await this.#authorizer.authorize(known)
  }

  #fail(exchange: Exchange, error: unknown): void {
    const code = error instanceof TaipanError ? error.code : undefined
    if (code !== 'OVERLOADED') {
      const reason = error instanceof Error ? error.message : String(error)
      const traceback = error instanceof Error && code === undefined ? error.stack : undefined
      this.#logger.error(
        { request: exchange.id, reason, ...(traceback !== undefined && { traceback }) },
        `a request was refused, because nobody could tell whether it may come in: ${reason}`,
      )
    }
    refuse(exchange, code === 'OVERLOADED' ? code : 'APPLICATION_FAILED')
  }
}

async function authenticate(
  request: GuardedRequest,
  { scheme, requirement, passesAuthorization }: AuthenticationRule,
): Promise<Exchange | undefined> {
  const { exchange } = request
  const proof = await scheme.authenticate(request)
  if (proof.kind === 'wrong request') {
    refuse(exchange, 'REQUEST_MALFORMED')
    return undefined
  }
  if (proof.kind === 'none' || !meets(proof.known, requirement)) {
    const challenges = scheme.challenges(proof.kind === 'none' && proof.stale)
    const fields = challenges.flatMap((challenge) => ['WWW-Authenticate', challenge])
    refuse(exchange, 'UNAUTHENTICATED', fields)
    return undefined
  }
  const { user } = proof.known
  exchange.notes.user = user
  return new ChangedExchange(exchange, {
    identity: { user, type: scheme.name, passesAuthorization },
  })
}

function meets({ user, groups: own }: KnownUser, { users, groups }: Requirement): boolean {
  if (users.length === 0 && groups.length === 0) return true
  return users.includes(user) || groups.some((group) => own.has(group))
}

function refuse(
  exchange: Exchange,
  code: 'FORBIDDEN' | 'UNAUTHENTICATED' | 'APPLICATION_FAILED' | 'OVERLOADED' | 'REQUEST_MALFORMED',
  fields: readonly string[] = [],
): void {
  exchange.notes.answeredBy = GUARD
  answerError(exchange, code, { fields })
}
