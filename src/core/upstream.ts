import type { TaipanError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { ProcessesStatus } from './process-status.ts'
import type { Service } from './service.ts'

/** What a request for a script tells about it. One object for all requests of a script. */
export interface ScriptFacts {
  /** SCRIPT_FILENAME: absolute path of its file, empty for that of a handler; one character per byte of UTF-8, as in all variables. */
  readonly filename: string
  /** DOCUMENT_ROOT: absolute path of the folder of scripts; encoded alike. */
  readonly root: string
  /** How it is run: a kind of script, or the target of a handler. */
  readonly kind: string
  /** Changes with the file. */
  readonly version: string
  /** Name of the interpreter that a function of the configuration has chosen; undefined: there is none. */
  readonly interpreter?: string | undefined
}

/** The application that an exchange is for, and where it is mounted. */
export interface Invocation {
  /** Name of the application in the configuration. */
  readonly application: string
  /** SCRIPT_NAME: percent-decoded mount point, latin-1, without a trailing slash; empty at the root. */
  readonly scriptName: string
  /** PATH_INFO: percent-decoded rest of the path, latin-1. */
  readonly pathInfo: string
  /** The script that answers; undefined for other applications. */
  readonly script?: ScriptFacts | undefined
  /** Name of the callable that answers in place of the usual one; WSGI only. */
  readonly callable?: string | undefined
  /** Interface for this request, if requests may differ; undefined: the one that the worker detected. */
  readonly interface?: 'wsgi' | 'asgi' | undefined
}

/** How many requests an upstream has, and has had since its start. A WebSocket is a request until it is closed. */
export interface UpstreamStatistics {
  /** Requests that it works on, also those whose client has left, until it has ended them. */
  readonly running: number
  /** Requests in its queue. */
  readonly waiting: number
  /** Requests that are over, however they ended. */
  readonly finished: number
  /** Requests that got 502, 503 or 504 in place of its answer, or whose answer was cut off. One over time may still run. */
  readonly failed: number
}

/** Answers exchanges outside of Node, for example in Python workers. */
export interface Upstream extends Service {
  /** Makes sure that the exchange is answered, whatever happens. Never throws. */
  run(exchange: Exchange, invocation: Invocation): void
  /** Bytes of a request body to gather before `run`; 0 when the application reads bodies as they arrive. */
  gatheredBytes(invocation: Invocation): number
  /** `idle`: requests that could start now; `total`: requests that can run at the same time. */
  readonly capacity: { readonly idle: number; readonly total: number }
  /** Counted at the moment of reading. */
  readonly statistics: UpstreamStatistics
  /** Why no exchange can be answered, unless a reload is trying to mend it. */
  readonly failure: TaipanError | undefined
  /** Lets requests finish within the configured time, of which `waited` ms have passed already (default 0). */
  stop(waited?: number): Promise<void>
}

/** An upstream that keeps processes. */
export interface SupervisedUpstream extends Upstream {
  /** At the moment of reading. */
  readonly processes: ProcessesStatus
  /** Announces a stop: no process is started or replaced from now on. Requests are still accepted. */
  prepareStop(): void
  /** Kills all its processes and their children at once, because this process is about to exit. */
  kill(): void
  /** Starts new processes, which become ready before the old ones retire. Rejects and keeps the old ones when the new ones cannot start. A call during a reload begins it again. */
  reload(): Promise<void>
}
