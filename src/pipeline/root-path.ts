import { answerError } from '../core/answer-error.ts'
import type { Handler, RequestHead } from '../core/exchange.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { climbs, parseMount } from './route-path.ts'

// Characters of a path (RFC 3986, 3.3); `%` is none, because mount points are decoded.
const NOT_IN_PATHS = /[^\w.~!$&'()*+,;=:@/-]/g

/** Puts the prefix that a proxy has taken away before the path of each request. Throws `CONFIG_INVALID`. */
export function withRootPath(handler: Handler, rootPath: string): Handler {
  const prefix = encodePath(parseMount(rootPath).prefix)
  return (exchange) => {
    const { path } = exchange.request
    if (path === '*') handler(exchange)
    else if (climbs(path)) answerError(exchange, 'NOT_FOUND')
    else handler(new ChangedExchange(exchange, { request: addPrefix(exchange.request, prefix) }))
  }
}

/** One character per byte, as in a request. */
function encodePath(path: string): string {
  return path.replaceAll(
    NOT_IN_PATHS,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** The head of a request whose path begins with a prefix. */
function addPrefix(request: RequestHead, prefix: string): RequestHead {
  const { method, target, path, query, version, fields, host } = request
  return { method, target: prefix + target, path: prefix + path, query, version, fields, host }
}
