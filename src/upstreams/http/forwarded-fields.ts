import type { Exchange } from '../../core/exchange.ts'
import { isFieldValue, isToken } from '../../core/field-syntax.ts'
import { encodeLatin1 } from '../../wire/percent.ts'

const PREFIX = 'x-forwarded-'
const WRITTEN = new Set(['forwarded', 'x-real-ip'])

/** Whether a field, by its name in lower case, tells where a request comes from. */
export function isForwardedField(name: string): boolean {
  return name.startsWith(PREFIX) || WRITTEN.has(name)
}

/**
 * Tells the upstream where a request comes from. What the client itself has said of that is worth nothing. `prefix` is what
 * was cut from the path.
 */
export function createForwardedFields(
  { connection, request, identity }: Exchange,
  prefix: string,
): readonly string[] {
  const { remoteAddress, scheme } = connection
  const { host } = request
  const fields = ['Forwarded', formatForwarded({ remoteAddress, scheme, host })]
  if (remoteAddress !== '') fields.push('X-Forwarded-For', remoteAddress)
  if (host !== '') fields.push('X-Forwarded-Host', host)
  fields.push('X-Forwarded-Proto', scheme)
  if (prefix !== '') fields.push('X-Forwarded-Prefix', prefix)
  const user = encodeLatin1(identity?.user ?? '')
  if (user !== '' && isFieldValue(user)) fields.push('X-Forwarded-User', user)
  return fields
}

interface Origin {
  readonly remoteAddress: string
  readonly scheme: string
  readonly host: string
}

/** RFC 7239, 4. */
function formatForwarded({ remoteAddress, scheme, host }: Origin): string {
  const node = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress || 'unknown'
  const parts = [`for=${quote(node)}`]
  if (host !== '') parts.push(`host=${quote(host)}`)
  return [...parts, `proto=${scheme}`].join(';')
}

/** Quoted unless it is a token; neither addresses nor hosts contain quotes. */
function quote(text: string): string {
  return isToken(text) ? text : `"${text}"`
}
