import { TaipanError } from '../core/errors.ts'
import { createResponseHead } from '../core/response-head.ts'
import { encodeLatin1 } from '../wire/percent.ts'
import type { Answerer } from './routes.ts'

/** HTTP statuses of redirects. */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308

/** Target of a redirect. */
export interface RedirectOptions {
  /** A path beginning with a slash, or an absolute URL. */
  readonly to: string
  /** @default 308 */
  readonly status?: RedirectStatus | undefined
}

const NOTHING = new Uint8Array(0)

/**
 * Redirects to `to`, followed by the rest of the path and the query: with a route at `/from`, `/from/a?b` leads to `/to/a?b`.
 * A request cannot change the host of the target.
 */
export function createRedirectAnswerer(options: RedirectOptions): Answerer {
  const target = parseRedirectTarget(options.to)
  const status = options.status ?? 308
  return (exchange, match) => {
    const { request, response, notes } = exchange
    notes.answeredBy = 'redirect'
    const location = formatLocation(target, request.path.slice(match.restOffset), request.query)
    const fields = ['Location', location, 'Content-Length', '0']
    response.send(createResponseHead(status, fields), NOTHING)
  }
}

/** A parsed redirect target. */
export interface RedirectTarget {
  readonly base: string
  readonly query: string
  readonly fragment: string
}

/** Parses a path that begins with one slash, or an absolute URL. Throws `CONFIG_INVALID` for anything else. */
export function parseRedirectTarget(to: string): RedirectTarget {
  const usable = /^\/(?![/\\])|^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(to)
  if (!usable || /[\0-\x20\x7f\\]/.test(to))
    throw new TaipanError(
      'CONFIG_INVALID',
      `redirect ${JSON.stringify(to)} is neither a path that begins with one slash nor an absolute URL`,
    )
  const [, base = '', query = '', fragment = ''] =
    /^([^?#]*)(?:\?([^#]*))?(#.*)?$/.exec(encodeUnsafe(encodeLatin1(to))) ?? []
  return { base, query, fragment }
}

function formatLocation(target: RedirectTarget, rest: string, query: string): string {
  const path = joinRest(target.base, rest)
  const joined = target.query && query ? `${target.query}&${query}` : target.query || query
  return path + (joined ? `?${encodeUnsafe(joined)}` : '') + target.fragment
}

/** Browsers read `//host` and `/\host` as another host, so a rest begins with one slash only. */
function joinRest(base: string, rest: string): string {
  if (rest === '') return base
  const tail = encodeUnsafe(`/${rest.replace(/^[/\\]+/, '')}`)
  return base.endsWith('/') ? base.slice(0, -1) + tail : base + tail
}

function encodeUnsafe(text: string): string {
  return text.replaceAll(
    /[^\x21-\x7e]|["<>\\^`{|}]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
