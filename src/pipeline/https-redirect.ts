import type { Exchange, Handler } from '../core/exchange.ts'
import { createResponseHead } from '../core/response-head.ts'

const NOTHING = new Uint8Array(0)
const USUAL_PORT = 443

/**
 * Redirects requests that came without TLS to the same place with it. `findPort` tells the port; undefined is that of https,
 * as where a proxy in front speaks it.
 */
export function withHttpsRedirect(
  handler: Handler,
  findPort: () => number | undefined = () => undefined,
): Handler {
  return (exchange) => {
    if (exchange.connection.scheme === 'https') handler(exchange)
    else redirect(exchange, findPort() ?? USUAL_PORT)
  }
}

function redirect(exchange: Exchange, port: number): void {
  const place = `${readHostName(exchange)}${port === USUAL_PORT ? '' : `:${port}`}`
  const { target } = exchange.request
  // `*` is no path.
  const path = target.startsWith('/') ? encodeUnsafe(target) : '/'
  const fields = ['Location', `https://${place}${path}`, 'Content-Length', '0']
  exchange.notes.answeredBy = 'redirect'
  exchange.response.send(createResponseHead(308, fields), NOTHING)
}

const HOST = /^(\[[\d:.a-f]+\]|[\w.~-]+)(?::\d*)?$/i

/** The host that was asked for without its port; where there is none, the address that was. */
function readHostName({ request, connection }: Exchange): string {
  const [, name] = HOST.exec(request.host) ?? []
  if (name !== undefined) return name
  const { localAddress } = connection
  return localAddress.includes(':') ? `[${localAddress}]` : localAddress || 'localhost'
}

function encodeUnsafe(text: string): string {
  return text.replaceAll(
    /[^\x21-\x7e]|["<>\\^`{|}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
