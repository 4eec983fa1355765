import type { Upstream } from './upstream.ts'

/** What a worker found when it loaded the applications. */
export interface Findings {
  /** Version. */
  readonly python: string
  /** Event loop of ASGI applications; undefined when there are none. */
  readonly loop: string | undefined
  readonly applications: readonly ApplicationFinding[]
}

/** What one application turned out to be. */
export interface ApplicationFinding {
  readonly name: string
  /** `wsgi`, `asgi`; empty when nobody knows. */
  readonly interface: string
  /** For people, such as `instance of Flask`; may be empty. */
  readonly found: string
  /** Why it is answered with 503, which is tried again; empty when it is served. */
  readonly failure: string
  /** Python's traceback of that; may be empty. */
  readonly traceback: string
}

/**
 * Where Python runs, seen from outside. Its capacity is that of its threads; without threads, that of its event loops.
 * `failure` is why the applications cannot be served.
 */
export interface Backend extends Upstream {
  /**
   * Calls back when there is no more room for a request, each time that one ends and there is still none, and when there
   * is some again. A backend that does not run is not full.
   */
  onFull(listener: (full: boolean) => void): void
  /** Calls back when the findings or the failure have changed. */
  onFindings(listener: () => void): void
  /** Of the workers that were loaded last; undefined before. */
  readonly findings: Findings | undefined
  /** A stop is about to come: no process is started or replaced any more. Requests are still taken. */
  prepareStop(): void
  /** Ends every process of its own at once, with what those have started: for a process that is about to end itself. */
  kill(): void
  /** Replaces the code: the new workers are ready before the old ones retire. Rejects, and keeps the old, when they cannot load. */
  reload(): Promise<void>
}
