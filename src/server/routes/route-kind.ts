import { existsSync } from 'node:fs'
import type { z } from 'zod'
import type { Findings } from '../../core/backend.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Upstream } from '../../core/upstream.ts'
import type { Gatherer } from '../../pipeline/gather.ts'
import type { Answerer } from '../../pipeline/routes.ts'
import type { OptionTable, TableSchema } from '../options/option.ts'

/** What else a route is resolved by. */
export interface RouteContext {
  /** As messages name the route: `routes[0]`. */
  readonly where: string
  /** All applications, with their groups. */
  readonly applications: readonly { readonly name: string; readonly group: string }[]
  /** Takes complaints. */
  readonly problems: string[]
}

/** What answerers are made with. */
export interface AnswererContext {
  /**
   * What is started and stopped with the app. Those of groups are there by their names; a kind of route adds its own by names
   * that begin with `KIND:`, and routes that name the same one share it.
   */
  readonly upstreams: Map<string, Upstream>
  /** One for the whole pipeline. */
  readonly gatherer: Gatherer
  /** What is known of the applications of a group; undefined before they are loaded. */
  readonly getFindings: (group: string) => Findings | undefined
  readonly logger: Logger
}

/** One kind of route: all that the configuration and the assembly know of it. */
export interface RouteKind<T extends OptionTable = OptionTable, P = unknown> {
  /** Its keys in `routes[]`. The first, whose presence makes a route one of this kind, has the name of the kind. */
  readonly options: T
  /** The plan of one route, as plain data: it travels to other processes. Undefined after a complaint that leaves none. */
  resolve(route: z.output<TableSchema<T>>, context: RouteContext): P | undefined
  createAnswerer(plan: P, context: AnswererContext): Answerer
}

/** Makes a kind of route, whose types follow from its options and its plan. */
export function defineRouteKind<T extends OptionTable, P>(kind: RouteKind<T, P>): RouteKind<T, P> {
  return kind
}

/** Reads a value as the pipeline will, so that its complaint comes with the place in the configuration. */
export function checkBy(read: () => unknown, where: string, problems: string[]): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof TaipanError)) throw error
    problems.push(`${where}: ${error.message}`)
  }
}

/** Complains about a folder that does not exist. */
export function checkFolder(folder: string, where: string, problems: string[]): void {
  if (!existsSync(folder)) problems.push(`${where}: folder ${folder} does not exist`)
}
