import { formatBasicChallenge, parseBasic } from '../../wire/http-auth/basic.ts'
import { readField } from '../field-values.ts'
import type { Authority, GuardedRequest } from './authority.ts'
import { NO_PROOF, type Proof, type Scheme } from './scheme.ts'

/** Basic authentication (RFC 7617). */
export class BasicScheme implements Scheme {
  readonly name = 'Basic'
  readonly #authority: Authority
  readonly #challenges: readonly string[]

  constructor(realm: string, authority: Authority) {
    this.#authority = authority
    this.#challenges = [formatBasicChallenge(realm)]
  }

  async authenticate(request: GuardedRequest): Promise<Proof> {
    const field = readField(request.exchange.request.fields, 'authorization')
    const credentials = field === undefined ? undefined : parseBasic(field)
    if (credentials === undefined) return NO_PROOF
    const known = await this.#authority.checkPassword(request, credentials)
    return known === undefined ? NO_PROOF : { kind: 'user', known }
  }

  challenges(): readonly string[] {
    return this.#challenges
  }
}
