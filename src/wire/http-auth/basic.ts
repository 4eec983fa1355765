import { decodeCredentials, hasScheme } from './credentials.ts'

/** The user name and password of a client. */
export interface PasswordCredentials {
  readonly user: string
  readonly password: string
}

// More is no password, and hashing it would cost.
const LONGEST = 16_384
const TOKEN68 = /^[A-Za-z0-9+/]+={0,2}$/
const CONTROL = /\p{Cc}/u

/** Parses the value of an Authorization field (RFC 7617). Undefined if it holds no user name and password. */
export function parseBasic(field: string): PasswordCredentials | undefined {
  if (field.length > LONGEST || !hasScheme(field, 'basic')) return undefined
  const token = field.slice('basic'.length).trim()
  if (!TOKEN68.test(token)) return undefined
  const text = decodeCredentials(Buffer.from(token, 'base64'))
  const colon = text.indexOf(':')
  // The user name has no colon, the password may have some (RFC 7617, 2).
  if (colon === -1 || CONTROL.test(text)) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The value of WWW-Authenticate that asks for a user name and password. `realm` must have neither `"` nor `\`. */
export function formatBasicChallenge(realm: string): string {
  return `Basic realm="${realm}", charset="UTF-8"`
}
