import type { Interface } from '../servers/server.ts'

/** Clients that occupy the server while others are measured. */
export interface CompanionClients {
  /** File of `bench/clients`. */
  readonly script: string
  readonly count: number
}

/** An application, what is asked of it, and by whom. */
export interface Workload {
  readonly name: string
  /** For people. */
  readonly title: string
  /** Module of `bench/applications` whose `application` is served. */
  readonly module: string
  readonly interface: Interface
  /** Messages go over WebSockets instead of requests; `expected` is the message. */
  readonly socket?: boolean
  readonly path: string
  /** Connections of the load generator. */
  readonly connections: number
  /** Size of the request body in bytes; 0 for GET. */
  readonly upload: number
  /** What every answer must hold: the text, or the number of bytes. */
  readonly expected: string | number
  readonly companions?: CompanionClients
}
