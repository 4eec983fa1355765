import { createHmac, randomBytes } from 'node:crypto'
import type { PasswordCredentials } from '../../wire/http-auth/basic.ts'
import type {
  Authority,
  GuardedRequest,
  KnownUser,
  SecretQuestion,
  UserSecret,
} from './authority.ts'

const KEPT = 10_000

interface Kept<T> {
  readonly value: T
  readonly until: number
}

/** Remembers for a while what another authority has told of users that may come in. It keeps no passwords. */
export class CachedAuthority implements Authority {
  readonly #authority: Authority
  readonly #life: number
  readonly #now: () => number
  readonly #key = randomBytes(32)
  readonly #users = new Map<string, Kept<KnownUser>>()
  readonly #secrets = new Map<string, Kept<UserSecret>>()

  /** `life` is how long, in ms. */
  constructor(authority: Authority, life: number, now: () => number = () => performance.now()) {
    this.#authority = authority
    this.#life = life
    this.#now = now
  }

  checkPassword(
    request: GuardedRequest,
    credentials: PasswordCredentials,
  ): Promise<KnownUser | undefined> {
    // A user name has no colon.
    const name = `${credentials.user}:${credentials.password}`
    return this.#remember(this.#users, name, () =>
      this.#authority.checkPassword(request, credentials),
    )
  }

  findSecret(request: GuardedRequest, question: SecretQuestion): Promise<UserSecret | undefined> {
    const name = `${question.algorithm}:${question.user}`
    return this.#remember(this.#secrets, name, () => this.#authority.findSecret(request, question))
  }

  async #remember<T>(
    known: Map<string, Kept<T>>,
    name: string,
    ask: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const key = createHmac('sha256', this.#key).update(name).digest('base64')
    const kept = known.get(key)
    if (kept !== undefined && this.#now() < kept.until) return kept.value
    known.delete(key)
    const value = await ask()
    if (value === undefined) return undefined
    known.set(key, { value, until: this.#now() + this.#life })
    // The oldest ends first, because all live equally long.
    const [oldest = ''] = known.keys()
    if (known.size > KEPT) known.delete(oldest)
    return value
  }
}
