import { answerError } from '../core/answer-error.ts'
import type { Exchange, FrontServerFacts, Handler, RequestHead } from '../core/exchange.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { encodePath } from '../wire/percent.ts'
import { findFrontMount } from './front-mount.ts'
import { climbs, findRest, parseMount, type Mount } from './route-path.ts'

/**
 * Puts the prefix that a proxy has taken away before the path of each request; it takes the place of the mount that a front
 * server names. Throws `CONFIG_INVALID`.
 */
export function withRootPath(handler: Handler, rootPath: string): Handler {
  const root = parseMount(rootPath)
  const prefix = encodePath(root.prefix)
  return (exchange) => {
    const { path } = exchange.request
    if (path === '*') handler(exchange)
    else if (climbs(path)) answerError(exchange, 'NOT_FOUND')
    else if (exchange.frontServer === undefined)
      handler(new ChangedExchange(exchange, { request: addPrefix(exchange.request, prefix) }))
    else handler(replaceMount(exchange, exchange.frontServer, root))
  }
}

/** A front server names the whole path, in which the root may be already. */
function replaceMount(exchange: Exchange, frontServer: FrontServerFacts, root: Mount): Exchange {
  const { request } = exchange
  const changed = { ...frontServer, mount: '' }
  if (findRest(root, request.path) !== -1)
    return new ChangedExchange(exchange, { frontServer: changed })
  const { length } = findFrontMount(exchange)
  const below = {
    ...request,
    path: request.path.slice(length),
    target: request.target.slice(length),
  }
  return new ChangedExchange(exchange, {
    request: addPrefix(below, encodePath(root.prefix)),
    frontServer: changed,
  })
}

/** The head of a request whose path begins with a prefix. */
function addPrefix(request: RequestHead, prefix: string): RequestHead {
  const { method, target, path, query, version, fields, host } = request
  return { method, target: prefix + target, path: prefix + path, query, version, fields, host }
}
