import { isIP } from 'node:net'

/** The version of an IP address without a zone; undefined for any other text. */
export function findIpVersion(text: string): 4 | 6 | undefined {
  const version = text.includes('%') ? 0 : isIP(text)
  return version === 4 || version === 6 ? version : undefined
}

/** An IPv4 address that is written as an IPv6 one (RFC 4291, 2.5.5.2) in its own form; any other text as it is. */
export function unmapAddress(address: string): string {
  const [, dotted] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  return dotted ?? address
}
