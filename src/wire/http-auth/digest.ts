import { createHash } from 'node:crypto'
import { decodePercent } from '../percent.ts'
import { parseAuthParams } from './auth-params.ts'
import { decodeCredentials, hasScheme } from './credentials.ts'

/** Algorithms of Digest authentication, without `-sess`. */
export const DIGEST_ALGORITHMS = ['MD5', 'SHA-256'] as const

/** Name of an algorithm. */
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number]

/** What a client answers to a challenge (RFC 7616, 3.4). */
export interface DigestCredentials {
  /** Text. */
  readonly user: string
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  /** In lower case. */
  readonly response: string
  readonly algorithm: DigestAlgorithm
  readonly cnonce: string
  readonly opaque: string
  /** As sent: eight hexadecimal digits. */
  readonly nc: string
}

/** A challenge of one algorithm. */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  readonly opaque: string
  readonly algorithm: DigestAlgorithm
  /** The nonce that the client used was too old, its password was right. */
  readonly stale: boolean
}

// The head of a request is the only other bound.
const LONGEST = 16_384
const HASHES = { MD5: 'md5', 'SHA-256': 'sha256' } as const
const DIGITS = { MD5: 32, 'SHA-256': 64 } as const
const CONTROL = /\p{Cc}/u

/** The value of WWW-Authenticate. `realm` must have neither `"` nor `\`. */
export function formatDigestChallenge(challenge: DigestChallenge): string {
  const { realm, nonce, opaque, algorithm, stale } = challenge
  const ending = stale ? ', stale=true' : ''
  return `Digest realm="${realm}", nonce="${nonce}", opaque="${opaque}", algorithm=${algorithm}, qop="auth", charset=UTF-8${ending}`
}

/** Parses the value of an Authorization field. Undefined if it is no answer to a challenge of ours. */
export function parseDigest(field: string): DigestCredentials | undefined {
  if (field.length > LONGEST || !hasScheme(field, 'digest')) return undefined
  const params = parseAuthParams(field.slice('digest'.length + 1))
  if (params === undefined) return undefined
  const algorithm = findAlgorithm(params.get('algorithm'))
  const user = readUser(params)
  const get = (name: string): string => params.get(name) ?? ''
  const response = get('response').toLowerCase()
  const isWhole =
    algorithm !== undefined &&
    user !== undefined &&
    get('qop') === 'auth' &&
    get('userhash').toLowerCase() !== 'true' &&
    /^[0-9a-f]{8}$/i.test(get('nc')) &&
    get('cnonce') !== '' &&
    isDigest(response, algorithm)
  if (!isWhole) return undefined
  const [realm, nonce, uri] = [get('realm'), get('nonce'), get('uri')]
  const [cnonce, opaque, nc] = [get('cnonce'), get('opaque'), get('nc')]
  return { user, realm, nonce, uri, response, algorithm, cnonce, opaque, nc }
}

/** The response that a client must give (RFC 7616, 3.4.1), `secret` being the hash of user, realm and password. */
export function computeDigest(
  secret: string,
  method: string,
  { algorithm, nonce, nc, cnonce, uri }: DigestCredentials,
): string {
  const request = hashText(`${method}:${uri}`, algorithm)
  return hashText(`${secret}:${nonce}:${nc}:${cnonce}:auth:${request}`, algorithm)
}

/** Whether a text is a hash of the algorithm, in hexadecimal digits. */
export function isDigest(text: string, algorithm: DigestAlgorithm): boolean {
  return text.length === DIGITS[algorithm] && /^[0-9a-f]*$/i.test(text)
}

/** The parameters of a request hold one character per byte, and are hashed as they came. */
function hashText(text: string, algorithm: DigestAlgorithm): string {
  return createHash(HASHES[algorithm]).update(text, 'latin1').digest('hex')
}

function findAlgorithm(given = 'MD5'): DigestAlgorithm | undefined {
  return DIGEST_ALGORITHMS.find((one) => one.toLowerCase() === given.toLowerCase())
}

/** Exactly one of `username` and `username*` (RFC 7616, 3.4). */
function readUser(params: ReadonlyMap<string, string>): string | undefined {
  const plain = params.get('username')
  const extended = params.get('username*')
  if ((plain === undefined) === (extended === undefined)) return undefined
  const bytes = plain ?? decodeExtended(extended ?? '')
  const user = bytes === undefined ? '' : decodeCredentials(Buffer.from(bytes, 'latin1'))
  return user === '' || CONTROL.test(user) ? undefined : user
}

/** The bytes of an extended value (RFC 8187). */
function decodeExtended(value: string): string | undefined {
  const [, encoded] =
    /^utf-8'[A-Za-z0-9-]*'((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9a-f]{2})+)$/i.exec(value) ?? []
  return encoded === undefined ? undefined : decodePercent(encoded)
}
