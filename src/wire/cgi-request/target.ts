import { TaipanError } from '../../core/errors.ts'
import { TARGET } from '../http1/characters.ts'
import { decodePercent, encodePath } from '../percent.ts'
import type { Variables } from './variables.ts'

/** What a request asks for. */
export interface CgiTarget {
  /** The whole path, raw, with the mount. */
  readonly path: string
  readonly query: string
  readonly target: string
  /** Percent-decoded, without a trailing slash. */
  readonly mount: string
}

/**
 * The target of the variables. SCRIPT_NAME is the mount and PATH_INFO the rest; without PATH_INFO, as from nginx and
 * Apache, the path is in SCRIPT_NAME or, as over SCGI, in DOCUMENT_URI. REQUEST_URI tells how the client has spelled it,
 * unless the front server has rewritten the path. Throws for what is no target, and for one over the limit of bytes.
 */
export function readTarget(variables: Variables, mostBytes: number): CgiTarget {
  const [spelled, spelledQuery] = splitTarget(variables.get('REQUEST_URI') ?? '')
  if (spelled === '*' && variables.get('REQUEST_METHOD') === 'OPTIONS')
    return { path: '*', query: '', target: '*', mount: '' }
  const { mount, rest } = readPath(variables, spelled)
  const whole = mount + rest
  const path = decodePercent(spelled) === whole ? spelled : encodePath(whole)
  const query = variables.get('QUERY_STRING') ?? spelledQuery ?? ''
  const mark = query !== '' || (spelledQuery !== undefined && path === spelled)
  const target = mark ? `${path}?${query}` : path
  if (target.length > mostBytes)
    throw new TaipanError('TARGET_TOO_LONG', `the request target is longer than ${mostBytes} bytes`)
  for (let at = path.length; at < target.length; at++)
    if (TARGET[target.charCodeAt(at)] !== 1)
      throw new TaipanError('REQUEST_MALFORMED', 'QUERY_STRING has a character that no query has')
  return { path, query, target, mount }
}

/** Path and query of a REQUEST_URI; an empty path for what is no target, such as one with raw UTF-8. */
function splitTarget(text: string): readonly [path: string, query: string | undefined] {
  const mark = text.indexOf('?')
  const path = mark < 0 ? text : text.slice(0, mark)
  const query = mark < 0 ? undefined : text.slice(mark + 1)
  for (let at = 0; at < path.length; at++) if (TARGET[path.charCodeAt(at)] !== 1) return ['', query]
  return [path, query]
}

function readPath(
  variables: Variables,
  spelled: string,
): { readonly mount: string; readonly rest: string } {
  const scriptName = variables.get('SCRIPT_NAME')
  const pathInfo = variables.get('PATH_INFO')
  if (pathInfo === undefined) {
    const path = scriptName ?? variables.get('DOCUMENT_URI') ?? decodePercent(spelled)
    return { mount: '', rest: checkPath(path || '/') }
  }
  const slashed = scriptName?.endsWith('/') ?? false
  // lighttpd gives the slash at the end of a prefix to SCRIPT_NAME.
  const mount = (slashed ? scriptName?.replace(/\/+$/, '') : scriptName) ?? ''
  const rest = slashed && !pathInfo.startsWith('/') ? `/${pathInfo}` : pathInfo
  if (mount !== '' && isMiscounted({ mount, rest, asked: decodePercent(spelled) }))
    return { mount: '', rest: checkPath(decodePercent(spelled)) }
  if (mount !== '') checkPath(mount)
  if (rest !== '') checkPath(rest)
  return { mount, rest: mount + rest === '' ? '/' : rest }
}

/** mod_proxy_scgi with proxy-scgi-pathinfo puts the whole path, half decoded, into PATH_INFO where that has escapes. */
function isMiscounted(paths: {
  readonly mount: string
  readonly rest: string
  readonly asked: string
}): boolean {
  const { mount, rest, asked } = paths
  return mount + rest !== asked && rest !== asked && decodePercent(rest) === asked
}

function checkPath(path: string): string {
  if (!path.startsWith('/'))
    throw new TaipanError(
      'REQUEST_MALFORMED',
      'SCRIPT_NAME and PATH_INFO do not make a path that begins with a slash',
    )
  return path
}
