import type { ByteStream } from '../../core/byte-stream.ts'
import type { FrontConnection, OpenConnections } from '../listening/open-connections.ts'
import { PreludeConnection } from '../listening/prelude-connection.ts'
import type { Http2Context, Http2Options, SharedHttp } from './http2-context.ts'

/** Makes HTTP/2 connections; the first one loads the modules. */
export class Http2Door {
  readonly #options: Http2Options
  readonly #shared: SharedHttp
  #modules: Http2Modules | undefined
  #loading: Promise<Http2Modules> | undefined
  #stopping = false

  constructor(options: Http2Options, shared: SharedHttp) {
    this.#options = options
    this.#shared = shared
  }

  get exchanges(): number {
    return this.#modules?.context.exchanges ?? 0
  }

  set stopping(stopping: boolean) {
    this.#stopping = stopping
    if (this.#modules !== undefined) this.#modules.context.stopping = stopping
  }

  /** Goes on with a stream of which nothing has been read. */
  connect(stream: ByteStream): FrontConnection {
    if (this.#modules !== undefined) return this.#modules.connect(stream)
    stream.pause()
    const { connections } = this.#shared
    const arriving = new Arriving(stream, connections)
    this.#loading ??= this.#load()
    void this.#loading.then(
      ({ connect }) => arriving.proceed(connect),
      (error: unknown) => {
        this.#options.logger.error({ error }, 'the modules of HTTP/2 could not be loaded')
        stream.destroy()
      },
    )
    return arriving
  }

  async #load(): Promise<Http2Modules> {
    const [{ Http2Context }, { Http2Connection }] = await Promise.all([
      import('./http2-context.ts'),
      import('./http2-connection.ts'),
    ])
    const context = new Http2Context(this.#options, this.#shared)
    context.stopping = this.#stopping
    const connect = (stream: ByteStream): FrontConnection => new Http2Connection(stream, context)
    return (this.#modules = { context, connect })
  }
}

interface Http2Modules {
  readonly context: Http2Context
  connect(this: void, stream: ByteStream): FrontConnection
}

/** A connection that waits for the modules. */
class Arriving extends PreludeConnection {
  readonly #stream: ByteStream
  readonly #connections: OpenConnections
  #asked = false

  constructor(stream: ByteStream, connections: OpenConnections) {
    super(stream)
    this.#stream = stream
    this.#connections = connections
  }

  override shutdown(): void {
    this.#asked = true
    super.shutdown()
  }

  proceed(connect: Http2Modules['connect']): void {
    if (this.#stream.closed) return
    this.leave()
    const successor = connect(this.#stream)
    this.#connections.replace(this, successor, this.#stream)
    if (this.#asked) successor.shutdown()
  }
}
