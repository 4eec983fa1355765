import type { Application } from './application.ts'

/** One process group, fully resolved: what a daemon backend needs to know. Durations in ms. */
export interface ProcessGroup {
  readonly name: string
  /** Path of the interpreter, symbolic links kept: a virtual environment is found through its own link. */
  readonly python: string
  /** Arguments of the interpreter before the worker's script; usually empty. */
  readonly pythonArguments: readonly string[]
  readonly processes: number
  /** Other processes serve the same applications: `wsgi.multiprocess`. */
  readonly multiprocess: boolean
  /** Where Python runs: in worker processes, or inside this one. */
  readonly engine: 'daemon' | 'embedded'
  /** Per process, for WSGI; each serves one request at a time. 0, for embedded only: on Node's own thread. */
  readonly threads: number
  /** Requests and WebSockets that ASGI applications of one process have at a time; more wait in the queue. */
  readonly concurrency: number
  /** Event loop of ASGI applications; `auto` is uvloop where it is installed. Embedded Python always has asyncio's. */
  readonly loop: 'auto' | 'asyncio' | 'uvloop'
  /** An ASGI application is cancelled when its client leaves before the response is whole. */
  readonly cancelOnDisconnect: boolean
  /** The whole environment of the processes. */
  readonly environment: Readonly<Record<string, string>>
  /** Working directory of the processes. */
  readonly directory: string
  /** Folders for the front of `sys.path`. */
  readonly searchPath: readonly string[]
  /** `sys.argv` of the application: the target alone. */
  readonly argv: readonly string[]
  /** At least one; all share the processes. */
  readonly applications: readonly Application[]
  readonly queue: {
    /** Waiting requests beyond this are answered 503. */
    readonly limit: number
    /** A request that waited this long is answered 504; 0 waits for ever. */
    readonly timeout: number
  }
  readonly timeouts: {
    /** From the start of a process until its applications are loaded; 0 for ever. */
    readonly startup: number
    /** From hand-over to Python until the application has answered; 0 for ever. */
    readonly request: number
    /** How long requests in progress may take to finish when the process has to go; 0 for ever. */
    readonly shutdown: number
    /** A worker silent for this long on its control channel is replaced; 0 never. */
    readonly ping: number
  }
  readonly buffers: {
    /** Request body bytes handed over without being asked for, at most. */
    readonly request: number
    /** Response bytes held for one slow client while other requests need its thread. */
    readonly response: number
    /** The same for all clients together. */
    readonly responseTotal: number
  }
  /** Options that its workers are told of, by the keys of their first message. */
  readonly workerOptions: Readonly<Record<string, unknown>>
  /** Tracebacks go to the client. */
  readonly dev: boolean
  /** True: a load failure at the first start is answered 503 and tried again, instead of failing `start()`. */
  readonly startAnyway: boolean
  /** Names of applications without which the first start fails. */
  readonly required: readonly string[]
  /** What cannot be loaded is reported, and tried again by new workers; false: that is left to who keeps this process. */
  readonly retries: boolean
}
