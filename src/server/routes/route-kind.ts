import type { Backend } from '../../core/backend.ts'
import type { Logger } from '../../core/logger.ts'
import type { SupervisedUpstream, Upstream } from '../../core/upstream.ts'
import type { DispatchFunction } from '../../pipeline/dispatch/choosers.ts'
import type { Gatherer } from '../../pipeline/gather.ts'
import type { LocalRedirects } from '../../pipeline/local-redirect.ts'
import type { Answerer } from '../../pipeline/routes.ts'
import type { InterpreterMap } from '../../pipeline/scripts/interpreter-map.ts'
import type { FullOptions, OptionTable } from '../option-types/option.ts'
import type { OptionPath, Problems } from '../option-types/problems.ts'
import type { LrwpPlan } from './lrwp-plan.ts'

/** Context for resolving a route. */
export interface RouteContext {
  /** Keys to the route: `routes`, `0`. */
  readonly where: OptionPath
  /** All applications, with their groups; `key` is what routes call them. */
  readonly applications: readonly {
    readonly key: string
    readonly name: string
    readonly group: string
    /** Absolute; its imports start there. */
    readonly folder: string
  }[]
  /** Folder of the configuration. */
  readonly directory: string
  /** Receives errors. */
  readonly problems: Problems
}

/** Has the application of an answerer loaded anew when its file has changed. */
export interface ScriptWatch {
  wrap(answer: Answerer, place: { readonly app: string; readonly group: string }): Answerer
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
  /** Looks at the files of applications. */
  readonly scripts: ScriptWatch
  /** Programs that routes keep running, by the name that messages have. They are among the upstreams, too. */
  readonly programs: Map<string, SupervisedUpstream>
  readonly logger: Logger
  /** Redirects within the server. */
  readonly redirects: LocalRedirects
  /** Functions of routes, by their index in the configuration. */
  readonly functions: ReadonlyMap<number, { readonly interpreterMap: InterpreterMap | undefined }>
  /** Functions that choose for the requests of an application, by its name. */
  readonly dispatchers: ReadonlyMap<string, DispatchFunction>
  /** How peers register; undefined: no route is for them. */
  readonly lrwp: LrwpPlan | undefined
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
