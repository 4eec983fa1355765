import type { ProcessesStatus, ReloadStatus } from './process-status.ts'
import type { UpstreamStatistics } from './upstream.ts'

/** An application of a group. */
export interface ApplicationStatus {
  readonly name: string
  /** `wsgi`, `asgi` or `script`; empty when it is not known. */
  readonly interface: string
  /** Why it is answered with 503; empty when it is served. */
  readonly failure: string
  /** Python's traceback; may be empty. */
  readonly traceback: string
}

/** What the requests of a group have taken, added up since its start; in ms. */
export interface TimesStatus {
  /** Requests that were handed over and are over. */
  readonly count: number
  /** From arrival to hand-over. */
  readonly queued: number
  /** From hand-over to the end of the answer. */
  readonly python: number
}

/** A process group, at the moment of reading. */
export interface GroupStatus extends ProcessesStatus {
  readonly name: string
  readonly engine: 'daemon' | 'embedded'
  /** Version of Python; empty before the first worker. */
  readonly python: string
  /** Threads of each process. */
  readonly threads: number
  readonly applications: readonly ApplicationStatus[]
  readonly requests: UpstreamStatistics
  readonly times: TimesStatus
  readonly queue: {
    /** Requests that wait. */
    readonly length: number
    /** Requests beyond this number are refused. */
    readonly limit: number
  }
}

/** A program that a route keeps running, at the moment of reading. */
export interface ProgramStatus extends ProcessesStatus {
  readonly name: string
  readonly requests: UpstreamStatistics
}

/** What else answers: servers, peers, CGI programs. */
export interface UpstreamStatus {
  readonly name: string
  readonly requests: UpstreamStatistics
}

/** All that answers. */
export interface AppStatus {
  readonly groups: readonly GroupStatus[]
  readonly programs: readonly ProgramStatus[]
  readonly upstreams: readonly UpstreamStatus[]
}

/** What a server does. */
export type ServerState = 'starting' | 'running' | 'stopping'

/** A whole server, at the moment of reading. */
export interface ServerStatus extends AppStatus {
  readonly state: ServerState
  /** What came of the last reload of everything; undefined before the first. */
  readonly lastReload: ReloadStatus | undefined
  readonly version: string
  readonly pid: number
  /** Since the start of its process, in ms. */
  readonly uptime: number
  /** Addresses, as `listening on` lines name them. */
  readonly addresses: readonly string[]
  /** Exchanges so far, whatever answered them. */
  readonly exchanges: number
}
