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
  /** How the application is called for this request, where that may differ; undefined: as it was found to be. */
  readonly interface?: 'wsgi' | 'asgi' | undefined
}

/** Answers exchanges outside of Node's own code: Python's workers, for example. */
export interface Upstream extends Service {
  /** Sees to it that the exchange is answered, whatever happens. Never throws. */
  run(exchange: Exchange, invocation: Invocation): void
  /** Bytes of a request body that are gathered before `run`; 0 when the application takes bodies as they come. */
  gatheredBytes(invocation: Invocation): number
  /** Requests that could be taken this moment, and how many there could be in all. */
  readonly capacity: { readonly idle: number; readonly total: number }
  /** Why nothing can be answered, while nothing is done about it. */
  readonly failure: TaipanError | undefined
  /** Lets requests finish, which may take as long as is configured less the `waited` ms that they have had; 0 by default. */
  stop(waited?: number): Promise<void>
}
