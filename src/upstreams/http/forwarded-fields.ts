import type { ConnectionFacts, Exchange } from '../../core/exchange.ts'
import { isFieldValue, isToken } from '../../core/field-syntax.ts'
import { encodeLatin1 } from '../../wire/percent.ts'

const PREFIX = 'x-forwarded-'
const WRITTEN = new Set(['forwarded', 'x-real-ip'])

/** Whether a field, by its name in lower case, tells where a request comes from. */
export function isForwardedField(name: string): boolean {
  return name.startsWith(PREFIX) || WRITTEN.has(name)
}

/**
 * Tells the upstream where a request comes from: the client, and the trusted proxies that have told of it. What anybody else
 * has said of that is worth nothing. `prefix` is what was cut from the path.
 */
export function createForwardedFields(
  { connection, request, identity }: Exchange,
  prefix: string,
): readonly string[] {
  const { remoteAddress, scheme, via = [] } = connection
  const { host } = request
  const fields = ['Forwarded', formatForwarded(connection, host)]
  if (remoteAddress !== '') fields.push('X-Forwarded-For', [remoteAddress, ...via].join(', '))
  if (host !== '') fields.push('X-Forwarded-Host', host)
  fields.push('X-Forwarded-Proto', scheme)
  if (prefix !== '') fields.push('X-Forwarded-Prefix', prefix)
  const user = encodeLatin1(identity?.user ?? '')
  if (user !== '' && isFieldValue(user)) fields.push('X-Forwarded-User', user)
  return fields
}

/** RFC 7239, 4. Host and scheme are those that the client has used. */
function formatForwarded(
  { remoteAddress, scheme, via = [] }: ConnectionFacts,
  host: string,
): string {
  const parts = [formatFor(remoteAddress)]
  if (host !== '') parts.push(`host=${quote(host)}`)
  return [[...parts, `proto=${scheme}`].join(';'), ...via.map(formatFor)].join(', ')
}

function formatFor(address: string): string {
  return `for=${quote(address.includes(':') ? `[${address}]` : address || 'unknown')}`
}

/** Quoted unless it is a token; neither addresses nor hosts contain quotes. */
function quote(text: string): string {
  return isToken(text) ? text : `"${text}"`
}
