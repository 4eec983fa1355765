import { TaipanError } from '../../core/errors.ts'
import type { PasswordCredentials } from '../../wire/http-auth/basic.ts'
import { isDigest, type DigestAlgorithm } from '../../wire/http-auth/digest.ts'
import type {
  AccessCheck,
  Authority,
  GuardedRequest,
  KnownUser,
  SecretQuestion,
  UserSecret,
} from './authority.ts'
import { describeRequest, type Awaitable, type GuardRequest } from './guard-request.ts'
import { createRefusal, readAccess, readGroups, readPasswordVerdict } from './verdicts.ts'

/** Whether a request may come in: false is a 403; nothing, as true, lets it go on. */
export type AccessFunction = (request: GuardRequest) => Awaitable<boolean | null | undefined>

/** Whether a password is right; the name of a user is a yes, and is who the application sees. */
export type CheckPassword = (
  request: GuardRequest,
  user: string,
  password: string,
) => Awaitable<boolean | string | null | undefined>

/** The hash of `user:realm:password` by the algorithm, in hexadecimal digits; nothing for unknown users. */
export type GetRealmHash = (
  request: GuardRequest,
  user: string,
  realm: string,
  algorithm: DigestAlgorithm,
) => Awaitable<string | null | undefined>

/** The groups that a user is in. */
export type GroupsForUser = (request: GuardRequest, user: string) => Awaitable<Iterable<string>>

/** Functions that know the users of a realm. */
export interface AuthenticationFunctions {
  readonly checkPassword?: CheckPassword | undefined
  readonly getRealmHash?: GetRealmHash | undefined
  readonly groupsForUser?: GroupsForUser | undefined
}

/** An access check by a function. */
export function createFunctionAccess(allow: AccessFunction): AccessCheck {
  return {
    allows: async ({ exchange }) => readAccess(await allow(describeRequest(exchange)), 'access'),
  }
}

/** Options of an authority of functions. */
export interface FunctionAuthorityOptions {
  readonly functions: AuthenticationFunctions
  readonly realm: string
  readonly wantsGroups: boolean
}

/** Functions of a configuration know the users. */
export class FunctionAuthority implements Authority {
  readonly #options: FunctionAuthorityOptions

  constructor(options: FunctionAuthorityOptions) {
    this.#options = options
  }

  async checkPassword(
    { exchange }: GuardedRequest,
    { user, password }: PasswordCredentials,
  ): Promise<KnownUser | undefined> {
    const { functions } = this.#options
    const name = 'checkPassword'
    const check = requireFunction(functions.checkPassword, name)
    const request = describeRequest(exchange)
    const answer = await check(request, user, password)
    const known = readPasswordVerdict(answer, user, name)
    if (known === undefined) return undefined
    return { user: known, groups: await this.#findGroups(request, known) }
  }

  async findSecret(
    { exchange }: GuardedRequest,
    { user, algorithm }: SecretQuestion,
  ): Promise<UserSecret | undefined> {
    const { functions, realm } = this.#options
    const name = 'getRealmHash'
    const find = requireFunction(functions.getRealmHash, name)
    const request = describeRequest(exchange)
    const answer: unknown = await find(request, user, realm, algorithm)
    if (answer === undefined || answer === null) return undefined
    if (typeof answer !== 'string' || !isDigest(answer, algorithm))
      throw createRefusal(name, `must return the ${algorithm} hash in hexadecimal digits`, answer)
    return {
      user,
      groups: await this.#findGroups(request, user),
      secret: answer.toLowerCase(),
    }
  }

  async #findGroups(request: GuardRequest, user: string): Promise<ReadonlySet<string>> {
    const { wantsGroups, functions } = this.#options
    if (!wantsGroups) return new Set()
    const name = 'groupsForUser'
    const list = requireFunction(functions.groupsForUser, name)
    return readGroups(await list(request, user), name)
  }
}

function requireFunction<T>(given: T | undefined, name: string): T {
  if (given === undefined) throw new TaipanError('APPLICATION_FAILED', `there is no ${name}`)
  return given
}
