import type { TaipanError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Service } from './service.ts'

/** Which application an exchange is for, and where it is mounted. */
export interface Invocation {
  /** Name of the application in the configuration. */
  readonly application: string
  /** Percent-decoded mount point, latin-1, without a trailing slash: SCRIPT_NAME. Empty at the root. */
  readonly scriptName: string
  /** Percent-decoded rest of the path, latin-1: PATH_INFO. */
  readonly pathInfo: string
}

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
  /** `wsgi`, `asgi`; empty when it was not loaded yet. */
  readonly interface: string
  /** For people, such as `instance of Flask`; may be empty. */
  readonly found: string
  /** Why it was not loaded yet: its next request tries again. Empty when it was. */
  readonly failure: string
}

/** Where Python runs, seen from outside. */
export interface Backend extends Service {
  /** Sees to it that the exchange is answered, whatever happens. Never throws. */
  run(exchange: Exchange, invocation: Invocation): void
  /** Threads that could take a request this moment, and how many there are in all; without threads, requests that event loops could take. */
  readonly capacity: { readonly idle: number; readonly total: number }
  /** Whether bodies should be gathered for the application: one on an event loop takes them as they come. */
  gathers(application: string): boolean
  /** Of the workers that were loaded last; undefined before. */
  readonly findings: Findings | undefined
  /** Why the applications cannot be served, while nothing is done about it. */
  readonly failure: TaipanError | undefined
  /** Lets requests finish, which may take as long as is configured less the `waited` ms that they have had. */
  stop(waited?: number): Promise<void>
  /** Ends every process of its own at once, with what those have started: for a process that is about to end itself. */
  kill(): void
  /** Replaces the code: the new workers are ready before the old ones retire. Rejects, and keeps the old, when they cannot load. */
  reload(): Promise<void>
}
