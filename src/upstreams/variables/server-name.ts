import type { Exchange } from '../../core/exchange.ts'

/** The server as the client names it (RFC 3875, 4.1.14), as programs make links of it; undefined if the client does not. */
export function readServerName({
  request,
  connection,
}: Exchange): { readonly name: string; readonly port: string } | undefined {
  const [, name, port] = /^(\[[^\]]+\]|[^:]+)(?::(\d*))?$/.exec(request.host) ?? []
  if (name === undefined) return undefined
  return { name, port: port || (connection.scheme === 'https' ? '443' : '80') }
}
