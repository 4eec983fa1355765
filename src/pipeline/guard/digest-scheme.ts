import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Exchange, RequestHead } from '../../core/exchange.ts'
import {
  computeDigest,
  formatDigestChallenge,
  parseDigest,
  type DigestAlgorithm,
  type DigestCredentials,
} from '../../wire/http-auth/digest.ts'
import { findTrail } from '../changed-exchange.ts'
import { readField } from '../field-values.ts'
import type { Authority, GuardedRequest } from './authority.ts'
import { Nonces } from './nonces.ts'
import { NO_PROOF, type Proof, type Scheme } from './scheme.ts'

/** Options of Digest authentication. */
export interface DigestOptions {
  readonly realm: string
  /** Offered in this order; clients take the first one that they know. */
  readonly algorithms: readonly DigestAlgorithm[]
  /** Of the nonces, in hexadecimal digits; the same in all processes that serve the route. */
  readonly key: string
  readonly authority: Authority
  readonly now?: () => number
}

const STALE: Proof = { kind: 'none', stale: true }

/** Digest authentication (RFC 7616) with `qop=auth`. */
export class DigestScheme implements Scheme {
  readonly name = 'Digest'
  readonly #realm: string
  readonly #algorithms: readonly DigestAlgorithm[]
  readonly #authority: Authority
  readonly #nonces: Nonces
  readonly #opaque: string
  readonly #counted = new WeakSet<RequestHead>()

  constructor({ realm, algorithms, key, authority, now }: DigestOptions) {
    this.#realm = realm
    this.#algorithms = algorithms
    this.#authority = authority
    this.#nonces = new Nonces(key, realm, now)
    this.#opaque = createHmac('sha256', key).update(`opaque ${realm}`).digest('base64url')
  }

  async authenticate(request: GuardedRequest): Promise<Proof> {
    const { exchange } = request
    const field = readField(exchange.request.fields, 'authorization')
    const credentials = field === undefined ? undefined : parseDigest(field)
    if (credentials === undefined || !this.#isOurs(credentials)) return NO_PROOF
    const asked = findTrail(exchange)?.asked ?? exchange.request
    if (!isTarget(credentials.uri, asked.target, exchange)) return { kind: 'wrong request' }
    const state = this.#nonces.examine(credentials.nonce)
    if (state === 'unknown') return NO_PROOF
    const { user, algorithm } = credentials
    const known = await this.#authority.findSecret(request, { user, algorithm })
    if (known === undefined) return NO_PROOF
    const expected = computeDigest(known.secret, asked.method, credentials)
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(credentials.response))) return NO_PROOF
    if (state === 'stale' || !this.#use(credentials, asked)) return STALE
    return { kind: 'user', known }
  }

  /** False if another request has had the same count: with a new nonce the client may try again. */
  #use({ nonce, nc }: DigestCredentials, asked: RequestHead): boolean {
    // A redirect within the server asks again about one request.
    if (this.#counted.has(asked)) return true
    if (!this.#nonces.use(nonce, nc)) return false
    this.#counted.add(asked)
    return true
  }

  challenges(stale: boolean): readonly string[] {
    const [realm, opaque, nonce] = [this.#realm, this.#opaque, this.#nonces.create()]
    return this.#algorithms.map((algorithm) =>
      formatDigestChallenge({ realm, nonce, opaque, algorithm, stale }),
    )
  }

  #isOurs({ realm, opaque, algorithm }: DigestCredentials): boolean {
    return realm === this.#realm && opaque === this.#opaque && this.#algorithms.includes(algorithm)
  }
}

/** Whether the credentials are for this request target. It may be named by its whole URI. */
function isTarget(uri: string, target: string, { connection, request }: Exchange): boolean {
  return uri === target || uri === `${connection.scheme}://${request.host}${target}`
}
