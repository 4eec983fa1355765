import { TaipanError } from '../../core/errors.ts'
import type { PasswordCredentials } from '../../wire/http-auth/basic.ts'
import { isDigest } from '../../wire/http-auth/digest.ts'
import type {
  AccessCheck,
  Authority,
  GuardedRequest,
  KnownUser,
  SecretQuestion,
  UserSecret,
} from './authority.ts'
import { askScript, type GuardScriptUpstream } from './question.ts'
import { readGroups } from './verdicts.ts'

/** An access check by a script: `allow_access(environ, host)`. */
export function createScriptAccess(place: GuardScriptUpstream): AccessCheck {
  return {
    allows: async (request) => {
      const answer = await askScript(request, place, { asks: 'access' })
      return requireBoolean(read(answer, 'allowed'), place)
    },
  }
}

/** Options of an authority of a script. */
export interface ScriptAuthorityOptions {
  readonly place: GuardScriptUpstream
  readonly realm: string
  readonly wantsGroups: boolean
}

/** A script knows the users: `check_password`, `get_realm_hash`, `groups_for_user`. */
export class ScriptAuthority implements Authority {
  readonly #options: ScriptAuthorityOptions

  constructor(options: ScriptAuthorityOptions) {
    this.#options = options
  }

  async checkPassword(
    request: GuardedRequest,
    { user, password }: PasswordCredentials,
  ): Promise<KnownUser | undefined> {
    return await this.#ask(request, { asks: 'password', user, password })
  }

  async findSecret(
    request: GuardedRequest,
    { user, algorithm }: SecretQuestion,
  ): Promise<UserSecret | undefined> {
    const { realm, place } = this.#options
    const question = { asks: 'secret', user, realm, algorithm }
    const found = await this.#ask(request, question)
    if (found === undefined) return undefined
    const { secret } = found
    if (secret === undefined || !isDigest(secret, algorithm)) throw createMisfit(place)
    return { ...found, secret: secret.toLowerCase() }
  }

  async #ask(
    request: GuardedRequest,
    question: object,
  ): Promise<(KnownUser & { readonly secret: string | undefined }) | undefined> {
    const { place, wantsGroups } = this.#options
    const answer = await askScript(request, place, { ...question, groups: wantsGroups })
    const user = read(answer, 'user')
    if (user === null) return undefined
    if (typeof user !== 'string') throw createMisfit(place)
    const groups = readGroups(read(answer, 'groups'), place.application)
    const secret = read(answer, 'secret')
    return { user, groups, secret: typeof secret === 'string' ? secret : undefined }
  }
}

function read(answer: unknown, key: string): unknown {
  return typeof answer === 'object' && answer !== null ? Reflect.get(answer, key) : undefined
}

function requireBoolean(value: unknown, place: GuardScriptUpstream): boolean {
  if (typeof value === 'boolean') return value
  throw createMisfit(place)
}

/** The Python half checks what scripts return, so this is none of their faults. */
function createMisfit({ application }: GuardScriptUpstream): TaipanError {
  return new TaipanError('APPLICATION_FAILED', `the answer of ${application} is not understood`)
}
