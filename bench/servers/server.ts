import type { Program } from '../measure/children.ts'

/** What a gateway speaks with what answers. */
export type Protocol = 'fastcgi' | 'scgi' | 'uwsgi' | 'http'

/**
 * How an application is called: as a function, or as a file of a folder; by the publisher of mod_python; by another
 * server that stands before it; as a back end that speaks a protocol.
 */
export type Interface =
  | 'wsgi'
  | 'asgi'
  | 'script'
  | 'page'
  | 'publisher'
  | 'behind-nginx'
  | `gateway-${Protocol}`

/** How clients connect: without TLS, by TLS and HTTP/1.1, or by TLS and HTTP/2. */
export type Transport = 'http' | 'https' | 'http2'

/** A program that serves. */
export interface Launch extends Program {
  /** How it is asked where that is not the workload's. */
  readonly transport?: Transport
  /** Path of the application where that is not the workload's. */
  readonly path?: string
  /** What it passes requests on to, and what is not measured. */
  readonly backend?: Program
}

/** Parameters of a server. */
export interface LaunchContext {
  readonly port: number
  /** For what answers behind it, if anything does. */
  readonly backendPort: number
  /** Module of `bench/applications` with `application`, or file of `bench/site` without its extension. */
  readonly module: string
  readonly interface: Interface
  readonly transport: Transport
  /** Python threads. */
  readonly threads: number
  /** `bin` folder of the virtual environment of all servers. */
  readonly bin: string
  /** Folder for configuration files and sockets. */
  readonly scratch: string
  /** Environment of the application. */
  readonly environment: Readonly<Record<string, string>>
}

/** A server that can be measured. */
export interface BenchServer {
  readonly name: string
  /** Name for people. */
  readonly title: string
  /** Its Python package, whose version is reported. */
  readonly distribution?: string
  /** Interfaces that it supports; WSGI only by default. */
  readonly interfaces?: readonly Interface[]
  /** How it can be asked; without TLS only by default. */
  readonly transports?: readonly Transport[]
  /** It supports WebSockets; by default if it supports ASGI. */
  readonly sockets?: boolean
  /** It does not wait for its child processes, so `/proc` does not have their CPU time when they have ended. */
  readonly forgetsChildren?: boolean
  /** It serves JavaScript: takes part in workloads with the answer of `hello`, for any interface. */
  readonly answersHelloOnly?: boolean
  /** The program to start. Throws `Unavailable`. */
  launch(context: LaunchContext): Launch
}

/** The server cannot be measured here; the message has the reason. */
export class Unavailable extends Error {}
