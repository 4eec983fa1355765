import { statSync } from 'node:fs'
import type { Backend } from '../../core/backend.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Upstream } from '../../core/upstream.ts'
import type { Gatherer } from '../../pipeline/gather.ts'
import type { LocalRedirects } from '../../pipeline/local-redirect.ts'
import type { Answerer } from '../../pipeline/routes.ts'
import type { FullOptions, OptionTable } from '../option-types/option.ts'

/** Context for resolving a route. */
export interface RouteContext {
  /** Name of the route in messages: `routes[0]`. */
  readonly where: string
  /** All applications, with their groups; `key` is what routes call them. */
  readonly applications: readonly {
    readonly key: string
    readonly name: string
    readonly group: string
  }[]
  /** Receives error messages. */
  readonly problems: string[]
}

/** Context for making answerers. */
export interface AnswererContext {
  /**
   * Upstreams of the app, which are started and stopped with it. Those of groups have the names of the groups. A kind of route
   * may add upstreams with names that begin with `KIND:`; routes with the same name share one.
   */
  readonly upstreams: Map<string, Upstream>
  /** Shared by the whole pipeline. */
  readonly gatherer: Gatherer
  /** By the name of the group. They are among the upstreams. */
  readonly backends: ReadonlyMap<string, Backend>
  readonly logger: Logger
  /** Redirects within the server. */
  readonly redirects: LocalRedirects
  /** `SERVER_SOFTWARE`. */
  readonly serverSoftware: string
  /** Milliseconds that requests have at a stop; 0: no limit. */
  readonly shutdownTimeout: number
  /** Environment of programs that run for requests. */
  readonly programEnvironment: Readonly<Record<string, string>>
}

/** A kind of route: everything that the configuration and the assembly need. */
export interface RouteKind<T extends OptionTable = OptionTable, P = unknown> {
  /** Its keys in `routes[]`. The first one is the name of the kind; a route with it is of this kind. */
  readonly options: T
  /** The plan of a route as plain data, because it is sent to other processes. Undefined if errors were added that make it impossible. */
  resolve(route: FullOptions<T>, context: RouteContext): P | undefined
  createAnswerer(plan: P, context: AnswererContext): Answerer | Promise<Answerer>
}

/** Makes a kind of route, with types inferred from its options and its plan. */
export function defineRouteKind<T extends OptionTable, P>(kind: RouteKind<T, P>): RouteKind<T, P> {
  return kind
}

/** Calls `read`; adds its error to `problems` with the place in the configuration. */
export function checkBy(read: () => unknown, where: string, problems: string[]): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof TaipanError)) throw error
    problems.push(`${where}: ${error.message}`)
  }
}

/** Adds an error if a folder does not exist, or is something else. */
export function checkFolder(folder: string, where: string, problems: string[]): void {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) problems.push(`${where}: folder ${folder} does not exist`)
  else if (!found.isDirectory()) problems.push(`${where}: ${folder} is not a folder`)
}
