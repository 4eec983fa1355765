import type { GroupStatus } from './group-status.ts'
import type { WorkerStacks } from './stacks.ts'
import type { SupervisedUpstream } from './upstream.ts'

/** What a worker found out when it loaded the applications. */
export interface Findings {
  /** Version of Python. */
  readonly python: string
  /** Event loop of ASGI applications; undefined when there are none. */
  readonly loop: string | undefined
  readonly applications: readonly ApplicationFinding[]
}

/** A folder that an application has filled with its static files, as Django's `collectstatic` does. */
export interface CollectedFiles {
  /** Path of the URL, with a slash at its end; without one at its beginning it counts from the mount point. */
  readonly url: string
  /** Absolute path. */
  readonly folder: string
  /** Some names hold a hash of the content, so that such a file never changes. */
  readonly hashed: boolean
}

/** What a worker found out about one application. */
export interface ApplicationFinding {
  readonly name: string
  /** `wsgi` or `asgi`; empty when it is not known. */
  readonly interface: string
  /** Description for people, such as `instance of Flask`; may be empty. */
  readonly found: string
  /** Why it is answered with 503 until it can be loaded; empty when it is served. */
  readonly failure: string
  /** Python's traceback of the failure, or the last output of the worker that it ended; may be empty. */
  readonly traceback: string
  /** What people should know besides. */
  readonly notes: readonly string[]
  /** Files that it has collected to be served without it. */
  readonly staticFiles: CollectedFiles | undefined
  /** It was not tried, because an earlier process ended or hung while loading it. */
  readonly leftOut: boolean
}

/** Whether requests for the application reach it. */
export function isServed({ failure }: Pick<ApplicationFinding, 'failure'>): boolean {
  return failure === ''
}

/** An application that is being loaded. */
export interface LoadingApplication {
  readonly application: string
  /** The line of Python where that stands, once it takes long, and what to do about it; empty while it is not known. */
  readonly place: string
}

/**
 * An upstream that runs Python; a reload loads its code anew. `capacity` counts threads, or, without threads, what the event loops can take.
 * `failure` is the reason why no application can be served.
 */
export interface Backend extends SupervisedUpstream {
  /**
   * `listener` is called with true when there is no room for another request, again after each request that ends
   * without making room, and with false when there is room again. A backend that does not run is not full.
   */
  onFull(listener: (full: boolean) => void): void
  /** `listener` is called when the findings or the failure have changed. */
  onFindings(listener: () => void): void
  /** Those of the workers that were loaded last; undefined before the first. */
  readonly findings: Findings | undefined
  /** The applications that workers are loading, as far as they have said. */
  readonly loading: readonly LoadingApplication[]
  /** Wanted number of workers. */
  readonly size: number
  /**
   * Changes the wanted number of workers. With 0 the group sleeps: the next requests wait in its queue, while as many
   * workers are started as there were before. Embedded Python is one worker in its process, and takes no other number.
   */
  resize(size: number): void
  /** At the moment of reading. */
  readonly status: GroupStatus
  /** What runs in its workers at the moment. */
  stacks(): Promise<readonly WorkerStacks[]>
  /** Environment of the processes that are started from now on. */
  setEnvironment(environment: Readonly<Record<string, string>>): void
}
