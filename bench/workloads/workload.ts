import type { Interface, Transport } from '../servers/server.ts'

/** Clients that occupy the server during a measurement. */
export interface CompanionClients {
  /** File of `bench/clients`. */
  readonly script: string
  readonly count: number
}

/** An application, its requests, and its clients. */
export interface Workload {
  readonly name: string
  /** Name for people. */
  readonly title: string
  /** Module of `bench/applications` with `application`, or file of `bench/site` without its extension. */
  readonly module: string
  readonly interface: Interface
  /** Without TLS by default. */
  readonly transport?: Transport
  /** Send messages over WebSockets instead of requests; `expected` is the message. */
  readonly socket?: boolean
  readonly path: string
  /** Connections of the load generator. */
  readonly connections: number
  /** Requests that each connection of HTTP/2 has at a time. */
  readonly streams?: number
  /** Size of the request body in bytes; 0 for GET. */
  readonly upload: number
  /** Expected content of every response: the text, or the number of bytes. */
  readonly expected: string | number
  readonly companions?: CompanionClients
}
