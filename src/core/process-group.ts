import type { Application } from './application.ts'
import type { Confinement, ScriptOwner } from './confinement.ts'
import type { Isolation } from './isolation.ts'

/** An application that is not loaded, because an earlier process ended or hung while loading it. */
export interface LeftOut {
  readonly name: string
  readonly failure: string
  /** Last output of that process; may be empty. */
  readonly traceback: string
}

/** What a worker must load to be kept. */
export interface Demands {
  /** Applications of which it must serve at least one, by name; they are loaded first. */
  readonly oneOf: readonly string[]
  /** Applications that it must serve, by name. */
  readonly required: readonly string[]
  /** Applications that it does not load. */
  readonly leftOut: readonly LeftOut[]
}

/** Loads all, and takes what can be served. */
export const NO_DEMANDS: Demands = { oneOf: [], required: [], leftOut: [] }

/** From how many to how many workers a group has, by the time that its requests wait. */
export interface Scaling {
  /** 0: the group sleeps when nobody needs it. */
  readonly min: number
  readonly max: number
  /** A worker that was not needed for so long ends, in ms. */
  readonly idle: number
}

/** What messages call the time limits of a group: the flags, variables or keys that have given them. */
export interface LimitNames {
  readonly startup: string
  readonly request: string
  readonly ping: string
  readonly interrupt: string
}

/** A program that answers no requests. */
export interface ServiceTask {
  /** What it is called in messages. */
  readonly name: string
  /** `module:function`, a module, the path of a file, or the words of a command. */
  readonly run: string | readonly string[]
  /** It is started when it is due and ends by itself; others are always kept running. */
  readonly once: boolean
}

/** How a browser opens a file in an editor. */
export interface EditorLink {
  readonly title: string
  /** With `{path}`, or `{relative}`, `{line}` and `{column}`. */
  readonly url: string
}

/** A process group with all options resolved, as a backend needs it. Durations in ms. */
export interface ProcessGroup {
  readonly name: string
  /** Path of the interpreter. Symbolic links are kept, because Python finds its virtual environment by them. */
  readonly python: string
  /** Arguments for the interpreter before the worker's script; usually empty. */
  readonly pythonArguments: readonly string[]
  /** Workers, at the start if there is a `scaling`. */
  readonly processes: number
  /** Its applications are loaded once, by a process from which workers are forked. */
  readonly preload?: boolean | undefined
  /** Module with functions for turns of a worker's life; undefined: the usual one, if there is one. */
  readonly hooks?: string | undefined
  /** Modules and files that each worker runs before its requests. */
  readonly startup?: readonly string[]
  /** Undefined: there are always as many. */
  readonly scaling?: Scaling | undefined
  /** Other processes serve the same applications, too: `wsgi.multiprocess`. */
  readonly multiprocess: boolean
  /** Where Python runs: in worker processes, or inside the Node process. */
  readonly engine: 'daemon' | 'embedded'
  /** How its requests are kept apart. */
  readonly isolation: Isolation
  /** Requests at the same time in each process: WSGI threads or, where each request is fresh, processes forked from it. 0, for `embedded` only: on Node's own thread. */
  readonly threads: number
  /** WSGI requests run on the main thread of each process, one at a time; `threads` is 1. */
  readonly mainThread: boolean
  /** Simultaneous requests and WebSockets of the ASGI applications of one process; more wait in the queue. */
  readonly concurrency: number
  /** Event loop of ASGI applications; `auto` is uvloop if it is installed. Embedded Python always uses asyncio's. */
  readonly loop: 'auto' | 'asyncio' | 'uvloop'
  /** Cancel an ASGI application when its client disconnects before the response is complete. */
  readonly cancelOnDisconnect: boolean
  /** Keys that WSGI applications find in addition. */
  readonly environ?: 'mod_wsgi' | undefined
  /** The complete environment of the processes. */
  readonly environment: Readonly<Record<string, string>>
  /** Working directory of the processes. */
  readonly directory: string
  /** What its processes become before they run any code of applications; undefined: nothing else than the server. */
  readonly confinement: Confinement | undefined
  /** Scripts of others, and in folders of others, are answered with 403 and not loaded; undefined: all are. */
  readonly scriptOwner: ScriptOwner | undefined
  /** Folders to put first on `sys.path`. */
  readonly searchPath: readonly string[]
  /** `sys.argv` of the application: the target, and its arguments. */
  readonly argv: readonly string[]
  /** Runs in its processes in place of applications; undefined: applications do. */
  readonly service?: ServiceTask | undefined
  /** At least one, but for a service; all run in the same processes. */
  readonly applications: readonly Application[]
  readonly queue: {
    /** Requests beyond this number are answered with 503. */
    readonly limit: number
    /** After this time in the queue a request is answered with 504; 0: no limit. */
    readonly timeout: number
  }
  readonly timeouts: {
    /** From the start of a process until its applications are loaded; 0: no limit. */
    readonly startup: number
    /** From hand-over to Python until the application has answered; 0: no limit. */
    readonly request: number
    /** Grace period for running requests when a process has to end; 0: no limit. */
    readonly shutdown: number
    /** A worker that sends nothing on its control channel for so long is replaced; 0: never. */
    readonly ping: number
  }
  readonly limitNames: LimitNames
  /** Requests that a worker answers until it is succeeded by another one; 0: no limit. */
  readonly maximumRequests: number
  /** Most requests added to that at random. */
  readonly maximumRequestsJitter: number
  /** Age at which a worker is succeeded by another one; 0: no limit. */
  readonly restartInterval: number
  /** Longest time added to that at random. */
  readonly restartIntervalJitter: number
  /** From the interrupt of an overdue request until its worker is replaced. */
  readonly interruptTimeout: number
  /** Grace period for the requests of a worker that is replaced for one of its limits; 0: no limit; that of a stop by default. */
  readonly gracefulTimeout?: number | undefined
  /** The same for one that an operator has sent SIGUSR1; `gracefulTimeout` by default. */
  readonly evictionTimeout?: number | undefined
  /** Without requests the workers of a group that has had some end after this time; 0: never. */
  readonly inactivityTimeout: number
  /** Time of a processor that a worker may use until it is succeeded by another one; 0: no limit. */
  readonly cpuTimeLimit: number
  readonly memoryLimit: {
    /** Resident bytes above which a worker is succeeded by another one; 0: no limit. */
    readonly soft?: number | undefined
  }
  readonly buffers: {
    /** Largest part of a request body that is sent to Python without being asked for. */
    readonly request: number
    /** Response bytes held in memory for one slow client while other requests need its thread. */
    readonly response: number
    /** The same for all clients in total. */
    readonly responseTotal: number
  }
  /** Options that workers receive, by their keys in the first message. */
  readonly workerOptions: Readonly<Record<string, unknown>>
  /** Send tracebacks to the client. */
  readonly dev: boolean
  /** Opens what these name; `{relative}` is from its directory. Undefined: nothing does. */
  readonly editor?: (EditorLink & { readonly directory: string }) | undefined
  /** True: an application that fails to load at the first start is answered with 503 and retried, and `start()` does not reject. */
  readonly startAnyway: boolean
  /** Demands on the workers of the first start. */
  readonly demands: Demands
  /** True: failures to load are logged, and retried with new workers. False: the parent process does that. */
  readonly retries: boolean
}
