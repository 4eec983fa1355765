import { TaipanError } from '../core/errors.ts'
import { decodePercent, encodeLatin1 } from '../wire/percent.ts'

const SLASH = 0x2f
const DOT = 0x2e

/** A parsed mount point. */
export interface Mount {
  /** SCRIPT_NAME: percent-decoded, latin-1, without a trailing slash; empty for the root. */
  readonly prefix: string
  /** Number of segments in `prefix`. */
  readonly depth: number
}

/** The path of a request relative to the route that answers it. */
export interface RouteMatch {
  /** Percent-decoded mount point, latin-1, without a trailing slash. */
  readonly scriptName: string
  /** Percent-decoded rest of the path, latin-1: empty, or beginning with a slash. */
  readonly pathInfo: string
  /** Index in the raw `request.path` where the rest begins. */
  readonly restOffset: number
}

/** Parses the path of a route. Throws `CONFIG_INVALID` when it can never match. */
export function parseMount(path: string): Mount {
  if (!path.startsWith('/')) throw invalidPath(path, 'it must begin with a slash')
  if (/[?#]/.test(path)) throw invalidPath(path, 'it must contain neither a query nor a fragment')
  if (/%2f/i.test(path)) throw invalidPath(path, 'an encoded slash never separates segments')
  const prefix = decodePercent(encodeLatin1(path)).replace(/\/$/, '')
  const segments = prefix.split('/').slice(1)
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw invalidPath(path, 'it must contain no empty segment and no dot segment')
  return createMount(prefix)
}

/** The mount point of a decoded path without a trailing slash. */
export function createMount(prefix: string): Mount {
  return { prefix, depth: prefix.split('/').length - 1 }
}

function invalidPath(path: string, reason: string): TaipanError {
  return new TaipanError('CONFIG_INVALID', `route path ${JSON.stringify(path)}: ${reason}`)
}

/**
 * Index in the raw request path after the mount point; -1 when the mount point does not match. Segments are compared
 * decoded, so `/%6d/x` is below `/m`, but an encoded slash does not separate segments.
 */
export function findRest(mount: Mount, path: string): number {
  const { prefix } = mount
  if (prefix === '') return path === '' || path.charCodeAt(0) === SLASH ? 0 : -1
  if (path.startsWith(prefix)) {
    const end = prefix.length
    if (path.length === end || path.charCodeAt(end) === SLASH) return end
  }
  if (!path.includes('%')) return -1
  const end = findSegmentEnd(path, mount.depth)
  return decodePercent(path.slice(0, end)) === prefix ? end : -1
}

function findSegmentEnd(path: string, depth: number): number {
  let end = 0
  for (let i = 0; i < depth; i += 1) {
    end = path.indexOf('/', end + 1)
    if (end === -1) return path.length
  }
  return end
}

/** Whether dot segments of the raw `rest` lead above its start, in any way that programs decode paths. */
export function climbs(rest: string): boolean {
  if (!rest.includes('%')) return rest.includes('/..') && climbsDecoded(rest)
  const decoded = decodePercent(rest)
  if (!decoded.includes('/..')) return false
  // Some programs read `a%2Fb` as one segment, others as two.
  return climbsDecoded(decoded) || climbsDecoded(rest.split('/').map(decodeSegment).join('/'))
}

function decodeSegment(segment: string): string {
  return decodePercent(segment).replaceAll('/', '_')
}

/** Empty segments do not count, as in file systems: `/a//../..` climbs. */
function climbsDecoded(path: string): boolean {
  let depth = 0
  let start = 1
  while (start <= path.length) {
    const slash = path.indexOf('/', start)
    const end = slash === -1 ? path.length : slash
    const dots = countDots(path, start, end)
    if (dots === 2) depth -= 1
    else if (dots === 0 && end > start) depth += 1
    if (depth < 0) return true
    start = end + 1
  }
  return false
}

/** 1 for `.`, 2 for `..`, else 0. */
function countDots(path: string, start: number, end: number): number {
  const length = end - start
  if (length < 1 || length > 2) return 0
  for (let i = start; i < end; i += 1) if (path.charCodeAt(i) !== DOT) return 0
  return length
}
