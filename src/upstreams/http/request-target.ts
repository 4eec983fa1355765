import type { RequestHead } from '../../core/exchange.ts'
import type { Invocation } from '../../core/upstream.ts'
import { decodePercent } from '../../wire/percent.ts'

/** What an upstream is asked for. */
export interface UpstreamTarget {
  /** Path and query as the client has sent them, without `prefix`. */
  readonly target: string
  /** What was cut from the path, raw; empty for nothing. */
  readonly prefix: string
}

/** The target of a request, which begins with what the route calls PATH_INFO. */
export function createUpstreamTarget(
  { path, target }: RequestHead,
  { pathInfo }: Invocation,
): UpstreamTarget {
  const start = findRest(path, pathInfo)
  const rest = start === 0 ? target : target.slice(start)
  // A query, nothing, or the `*` of OPTIONS.
  const isPath = rest.startsWith('/')
  return {
    target: isPath ? rest : `/${rest === '*' ? '' : rest}`,
    prefix: path === '*' ? '' : path.slice(0, start),
  }
}

/** Index in the raw path of what is `pathInfo` when it is decoded. */
function findRest(path: string, pathInfo: string): number {
  if (!path.includes('%')) return path.length - pathInfo.length
  let left = decodePercent(path).length - pathInfo.length
  let at = 0
  for (; left > 0; left--) at += isEscape(path, at) ? 3 : 1
  return at
}

function isEscape(path: string, at: number): boolean {
  return path.charCodeAt(at) === 0x25 && /^[0-9a-f]{2}$/i.test(path.slice(at + 1, at + 3))
}
