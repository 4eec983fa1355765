/** One process of a pool. */
export interface Member<F> {
  /** `performance.now()` */
  readonly startedAt: number
  /** Number of reloads that had been asked for when it was started, and one. The pool sets it. */
  generation: number
  /** Requests that it has served. */
  readonly served: number
  /** Requests that it works on, where that is known. */
  readonly load: number
  /** It serves requests and has not been asked to stop. */
  readonly ready: boolean
  /** Applications that it cannot serve; it serves the others until a better process takes its place. */
  readonly omitted: number
  /** Settles once: with undefined when it is ready, else with the failure. */
  readonly loaded: Promise<F | undefined>
}

/** Result of an attempt to start a member. */
export type Launch<M, F> = { readonly member: M } | { readonly failure: F }

/** Why a member is started: first start, replacing a lost one, a reload, replacing one that does not serve every application, or one whose time has come. */
export type Aim = 'start' | 'fill' | 'renew' | 'repair' | 'succeed'
