import { Client, type Dispatcher } from 'undici'
import {
  connectSocket,
  type Connecting,
  type ConnectPlace,
  type TlsSettings,
} from '../../streams/net/net-connector.ts'
import type { KeptConnection } from '../connections/kept-connections.ts'
import { InterimGate } from './interim-gate.ts'

/** Where an HTTP upstream is. */
export interface HttpOrigin {
  /** `http://host:port` */
  readonly url: string
  readonly place: ConnectPlace
  /** Undefined without encryption. */
  readonly tls: TlsSettings | undefined
}

/** How long an idle connection is kept, unless the upstream says less: shorter than most servers do. */
const IDLE_MS = 4000
const MAX_HEAD_BYTES = 65_536

/** One connection to an upstream at a time, by a client of undici, which opens another one after each that is closed. */
export class HttpConnection implements KeptConnection {
  readonly #client: Client
  readonly #origin: HttpOrigin
  readonly #gate = new InterimGate()
  readonly #onClosed: (connection: HttpConnection) => void
  #connecting: Connecting | undefined
  #socket: { readonly destroyed: boolean; readonly errored: Error | null } | undefined
  /** Requests that the present connection has got. */
  uses = 0
  /** When it was used last. */
  idleSince = 0

  /** `onClosed` is called when it is closed, with or without a request. */
  constructor(origin: HttpOrigin, onClosed: (connection: HttpConnection) => void) {
    this.#origin = origin
    this.#onClosed = onClosed
    // The connector decides where to, and how.
    this.#client = new Client('http://localhost', {
      pipelining: 1,
      // The gateway has time limits of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      connect: (_options, callback) => this.#connect(callback),
    })
  }

  /** It is open. */
  get alive(): boolean {
    return this.#socket?.destroyed === false
  }

  /** It was not closed in order. */
  get broken(): boolean {
    return this.#socket !== undefined && this.#socket.errored !== null
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler)
  }

  /** A request is written from now on. */
  noteRequest(): void {
    this.uses += 1
    this.#gate.expect()
  }

  /** The connection belongs to somebody else from now on: it speaks another protocol. */
  giveAway(): void {
    this.#socket = undefined
  }

  /** Closes it; a request that it has fails with `reason`. */
  close(reason?: Error): void {
    this.#connecting?.cancel()
    this.#client.destroy(reason ?? null).catch(() => {})
  }

  #connect(callback: ConnectCallback): void {
    const { place, tls } = this.#origin
    const connecting = connectSocket(
      place,
      {
        onConnected: (socket) => {
          this.#connecting = undefined
          this.#socket = socket
          this.uses = 0
          const read = socket.read.bind(socket)
          socket.read = (size) => this.#filter(read(size))
          socket.once('close', () => this.#onClosed(this))
          callback(null, socket)
        },
        onFailed: (error) => {
          this.#connecting = undefined
          callback(error, null)
        },
      },
      tls,
    )
    this.#connecting = connecting
  }

  #filter(chunk: unknown): unknown {
    if (Buffer.isBuffer(chunk)) this.#gate.take(chunk)
    return chunk
  }
}

type Connect = Extract<Client.Options['connect'], (...args: never[]) => unknown>
type ConnectCallback = Parameters<Connect>[1]
