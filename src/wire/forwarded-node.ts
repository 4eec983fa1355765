import { normalizeIp } from '../core/ip-address.ts'

/** `[IPv6]` or an IPv4 address, each perhaps with a port, which may be a name, too. */
const NODE = /^(?:\[([^[\]]*:[^[\]]*)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/

/**
 * The address of a node in X-Forwarded-For or in the `for` of Forwarded (RFC 7239, 6), without its port; undefined for what
 * is no address, such as `unknown` or `_hidden`.
 */
export function parseNode(text: string): string | undefined {
  const [, six, four] = NODE.exec(text) ?? []
  return normalizeIp(six ?? four ?? text)
}
