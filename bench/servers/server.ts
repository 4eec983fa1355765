import type { Program } from '../measure/children.ts'

/** How an application is called. */
export type Interface = 'wsgi' | 'asgi'

/** What a server is told. */
export interface LaunchContext {
  readonly port: number
  /** Module of `bench/applications` whose `application` is to be served. */
  readonly module: string
  readonly interface: Interface
  /** Python threads. */
  readonly threads: number
  /** `bin` folder of the virtual environment that every server uses. */
  readonly bin: string
  /** Folder for configuration files and sockets. */
  readonly scratch: string
  /** For the application. */
  readonly environment: Readonly<Record<string, string>>
}

/** A server that can be measured. */
export interface BenchServer {
  readonly name: string
  /** For people. */
  readonly title: string
  /** The Python package that it is; its version is told. */
  readonly distribution?: string
  /** The applications that it can call; without it, only those of WSGI. */
  readonly interfaces?: readonly Interface[]
  /** Speaks WebSocket; without it, every server of ASGI. */
  readonly sockets?: boolean
  /** Serves JavaScript: takes part where the answer is the one of `hello`, whatever the interface. */
  readonly answersHelloOnly?: boolean
  /** The program to start. Throws `Unavailable`. */
  launch(context: LaunchContext): Program
}

/** The server cannot be measured here; the message says why. */
export class Unavailable extends Error {}
