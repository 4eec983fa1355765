import { isIP } from 'node:net'

/** The version of an IP address without a zone; undefined for any other text. */
export function findIpVersion(text: string): 4 | 6 | undefined {
  const version = text.includes('%') ? 0 : isIP(text)
  return version === 4 || version === 6 ? version : undefined
}

/** An IP address in its usual form (RFC 5952), without a zone, and as IPv4 where it is one that is mapped into IPv6; undefined for any other text. */
export function normalizeIp(text: string): string | undefined {
  const version = findIpVersion(text)
  if (version !== 6) return version === 4 ? text : undefined
  // The parser of URLs knows all forms.
  return unmapAddress(new URL(`http://[${text}]`).hostname.slice(1, -1))
}

/** An IPv4 address that is written as an IPv6 one (RFC 4291, 2.5.5.2) in its own form; any other text as it is. */
export function unmapAddress(address: string): string {
  const [, dotted, high, low] = MAPPED.exec(address) ?? []
  if (dotted !== undefined) return dotted
  if (high === undefined || low === undefined) return address
  const bits = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return bits.flatMap((group) => [group >> 8, group & 0xff]).join('.')
}

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i
