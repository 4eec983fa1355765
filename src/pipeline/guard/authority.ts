import type { Exchange } from '../../core/exchange.ts'
import type { PasswordCredentials } from '../../wire/http-auth/basic.ts'
import type { DigestAlgorithm } from '../../wire/http-auth/digest.ts'
import type { RouteMatch } from '../route-path.ts'

/** A request that is judged, and where its route is. */
export interface GuardedRequest {
  readonly exchange: Exchange
  readonly match: RouteMatch
}

/** Who may come in at all. */
export interface AccessCheck {
  /** Rejects if it cannot tell. */
  allows(request: GuardedRequest): Promise<boolean>
}

/** A user whose password is right. */
export interface KnownUser {
  /** Its name for the application, which may be another one than the client has given. */
  readonly user: string
  /** Empty unless groups were asked for. */
  readonly groups: ReadonlySet<string>
}

/** What Digest authentication needs of a user. */
export interface UserSecret extends KnownUser {
  /** Hash of user, realm and password, in hexadecimal digits. */
  readonly secret: string
}

/** Who wants to know the secret of a user. */
export interface SecretQuestion {
  readonly user: string
  readonly algorithm: DigestAlgorithm
}

/** Knows the users of a realm. Rejects if it cannot tell, undefined is for users that may not come in. */
export interface Authority {
  checkPassword(
    request: GuardedRequest,
    credentials: PasswordCredentials,
  ): Promise<KnownUser | undefined>
  findSecret(request: GuardedRequest, question: SecretQuestion): Promise<UserSecret | undefined>
}
