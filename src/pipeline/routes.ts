import { answerError } from '../core/answer-error.ts'
import type { Exchange, Handler } from '../core/exchange.ts'
import { NO_FIELDS } from '../core/field-block.ts'
import type { ResponseHead } from '../core/response-head.ts'
import { normalizeHost } from '../wire/host-name.ts'
import { decodePercent } from '../wire/percent.ts'
import { dropSharedMount, findFrontMount, type FrontMount } from './front-mount.ts'
import { takeGivenMount } from './given-mount.ts'
import { guardSpellings, type RouteGuard } from './guarded-places.ts'
import { matchesHost, parseHostRule, rankHostRule, type HostRule } from './route-host.ts'
import { climbs, findRest, parseMount, type Mount, type RouteMatch } from './route-path.ts'

/** Answers an exchange of a route, or passes it to `next`: the next matching route, at last a 404. */
export type Answerer = (exchange: Exchange, match: RouteMatch, next: Handler) => void

/** Host, path and answerer. */
export interface Route {
  /** `example.org`, or `*.example.org` for all hosts below it; undefined for any host. Case and port are ignored. */
  readonly host?: string | undefined
  /** Begins with a slash; matches the path itself and everything below it. */
  readonly path: string
  readonly answer: Answerer
  /** The guard that stands before `answer`. */
  readonly guard?: RouteGuard | undefined
}

interface ParsedRoute {
  /** Host and path, as configured. */
  readonly name: string
  readonly host: HostRule
  readonly mount: Mount
  readonly guard: RouteGuard | undefined
  readonly answer: Answerer
}

interface Entry {
  readonly name: string
  readonly mount: Mount
  readonly guard: RouteGuard | undefined
  readonly answer: Answerer
  readonly next: Handler
}

const NO_CONTENT: ResponseHead = {
  status: 204,
  reason: '',
  fields: NO_FIELDS,
  contentLength: undefined,
  hasDate: false,
  hasServer: false,
  close: false,
}
const NOTHING = new Uint8Array(0)

/**
 * Makes a handler of routes: the longest path wins, then an exact host before a wildcard before any host, then the order
 * of the list. Throws `CONFIG_INVALID`.
 */
export function createRouter(routes: readonly Route[]): Handler {
  const parsed = routes.map(parseRoute).toSorted(compareRoutes)
  const anyHost = createTable(parsed.filter((route) => route.host.kind === 'any'))
  if (parsed.every((route) => route.host.kind === 'any')) return anyHost.answer
  const findTable = createHostIndex(parsed, anyHost)
  return (exchange) => findTable(normalizeHost(exchange.request.host)).answer(exchange)
}

function parseRoute({ host, path, answer, guard }: Route): ParsedRoute {
  const name = (host ?? '') + path
  return { name, host: parseHostRule(host), mount: parseMount(path), answer, guard }
}

function compareRoutes(a: ParsedRoute, b: ParsedRoute): number {
  return (
    b.mount.depth - a.mount.depth ||
    b.mount.prefix.length - a.mount.prefix.length ||
    rankHostRule(b.host) - rankHostRule(a.host)
  )
}

/** The routes of a host. */
interface Table {
  readonly answer: Handler
}

function createTable(routes: readonly ParsedRoute[]): Table {
  const table: Entry[] = routes.map(({ name, mount, guard, answer }, index) => ({
    name,
    mount,
    guard,
    answer,
    next: (exchange) => dispatch(table, index + 1, exchange),
  }))
  const answer = guardSpellings((exchange) => dispatch(table, 0, exchange), table)
  return { answer: (exchange) => answer(dropSharedMount(exchange, table)) }
}

/** Makes the tables in advance for each rule, so that arbitrary Host values of clients use no memory. */
function createHostIndex(routes: readonly ParsedRoute[], anyHost: Table): (host: string) => Table {
  const exact = new Map<string, Table>()
  const below = new Map<string, Table>()
  for (const { host } of routes) {
    if (host.kind === 'exact') exact.set(host.name, tableFor(routes, host.name))
    else if (host.kind === 'below') below.set(host.suffix, tableFor(routes, `*${host.suffix}`))
  }
  const suffixes = [...below].toSorted(([a], [b]) => b.length - a.length)
  return (host) => {
    const table = exact.get(host)
    if (table !== undefined) return table
    for (const [suffix, found] of suffixes)
      if (host.length > suffix.length && host.endsWith(suffix)) return found
    return anyHost
  }
}

function tableFor(routes: readonly ParsedRoute[], host: string): Table {
  return createTable(routes.filter((route) => matchesHost(route.host, host)))
}

function dispatch(table: readonly Entry[], from: number, exchange: Exchange): void {
  const mount = findFrontMount(exchange)
  const path =
    mount.length === 0 ? exchange.request.path : exchange.request.path.slice(mount.length)
  for (let i = from; i < table.length; i += 1) {
    const entry = table[i]
    if (entry === undefined) break
    const rest = findRest(entry.mount, path)
    if (rest === -1) continue
    exchange.notes.route = entry.name
    answerRest(entry, exchange, { mount, restOffset: mount.length + rest })
    return
  }
  if (path === '*') answerAsterisk(table, from, exchange)
  else answerError(exchange, 'NOT_FOUND')
}

function answerRest(
  entry: Entry,
  exchange: Exchange,
  { mount, restOffset }: { readonly mount: FrontMount; readonly restOffset: number },
): void {
  const { path } = exchange.request
  const rest = restOffset === 0 ? path : path.slice(restOffset)
  if (climbs(rest)) {
    answerError(exchange, 'NOT_FOUND')
    return
  }
  const scriptName = mount.scriptName + entry.mount.prefix
  const match = { scriptName, pathInfo: decodePercent(rest), restOffset }
  const { givenMount } = exchange
  if (givenMount === undefined) entry.answer(exchange, match, entry.next)
  else {
    const given = takeGivenMount({ exchange, match, next: entry.next }, givenMount)
    entry.answer(given.exchange, given.match, given.next)
  }
}

/** `OPTIONS *` concerns the whole server: the route at the root answers, with an empty path. */
function answerAsterisk(table: readonly Entry[], from: number, exchange: Exchange): void {
  const root = table.findIndex((entry, index) => index >= from && entry.mount.prefix === '')
  const entry = table[root]
  if (entry === undefined) exchange.response.send(NO_CONTENT, NOTHING)
  else entry.answer(exchange, { scriptName: '', pathInfo: '', restOffset: 1 }, entry.next)
}
