import { setImmediate as nextTurn } from 'node:timers/promises'

import type { ByteStream } from '../core/byte-stream.ts'
import { TaipanError } from '../core/errors.ts'
import type { Front } from '../core/front.ts'
import type { Logger } from '../core/logger.ts'
import { Http1Connection } from './http1/http1-connection.ts'
import { Http1Context } from './http1/http1-context.ts'
import { createRefusal } from './http1/refusal.ts'
import { acceptWaiting } from './listening/accept-waiting.ts'
import type { ListenAddress, Listener } from '../streams/listening/addresses.ts'
import { RefusedConnections } from './listening/refused-connections.ts'
import { DeadlineSweep } from './listening/deadline-sweep.ts'
import { listen } from '../streams/listening/listener.ts'
import { OpenConnections } from './listening/open-connections.ts'
import type { HttpFrontOptions } from './options.ts'

/** The front for HTTP clients: listens, and makes a connection object for each client. */
export class HttpFront implements Front {
  readonly #addresses: readonly ListenAddress[]
  readonly #maxConnections: number
  readonly #shutdownMs: number
  readonly #logger: Logger
  readonly #http1: Http1Context
  readonly #connections = new OpenConnections()
  readonly #refused = new RefusedConnections()
  readonly #sweep: DeadlineSweep
  #listeners: readonly Listener[] = []
  /** Clients that waited for being accepted when the server was asked to stop; they are not read yet. */
  #last: ByteStream[] | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: HttpFrontOptions) {
    const { header, body, idle, send, shutdown } = options.timeouts
    const { pingInterval: ping, pingTimeout: pong, closeTimeout: close } = options.webSocket
    this.#addresses = options.addresses
    this.#maxConnections = options.limits.connections
    this.#shutdownMs = shutdown
    this.#logger = options.logger
    this.#http1 = new Http1Context(options, this.#connections)
    const deadlines = { header, body, idle, send, ping, pong, close }
    this.#sweep = new DeadlineSweep(deadlines, this.#connections)
  }

  get urls(): readonly string[] {
    return this.#listeners.map((listener) => listener.url)
  }

  get exchanges(): number {
    return this.#http1.exchanges
  }

  /** Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`. */
  start(): Promise<void> {
    return (this.#starting ??= this.#start())
  }

  stop(idleGrace = 0): Promise<void> {
    return (this.#stopping ??= this.#stop(idleGrace))
  }

  expectWebSockets(): void {
    // A failure is told by the first WebSocket.
    this.#http1.webSockets.load()?.catch(() => {})
  }

  async #start(): Promise<void> {
    const listeners: Listener[] = []
    try {
      for (const address of this.#addresses) listeners.push(await this.#listen(address))
    } catch (error) {
      this.#connections.destroy(
        new TaipanError('STOPPING', 'the server could not start', { cause: error }),
      )
      await closeAll(listeners)
      throw error
    }
    this.#listeners = listeners
    this.#sweep.start()
  }

  async #listen(address: ListenAddress): Promise<Listener> {
    const listener = await listen(address, (stream) => this.#accept(stream))
    // For example when file descriptors are used up: one connection fails, the server continues.
    listener.onError((error) => {
      this.#logger.warn({ error, address: listener.url }, 'a connection could not be accepted')
    })
    return listener
  }

  async #stop(idleGrace: number): Promise<void> {
    await this.#starting?.catch(() => undefined)
    // With a grace period another process accepts from the same sockets.
    if (idleGrace === 0 && this.#listeners.length > 0) await this.#acceptLast()
    this.#http1.stopping = true
    const closed = closeAll(this.#listeners)
    await this.#connections.shutdown({ idleGrace, limit: this.#shutdownMs })
    this.#refused.close()
    await closed
    this.#sweep.stop()
  }

  /** Closing a socket would reset the clients that wait in its queue. */
  async #acceptLast(): Promise<void> {
    const last: ByteStream[] = []
    // An application on Node's thread would hold up the others, and more and more would come.
    this.#last = last
    await acceptWaiting(() => last.length)
    this.#last = undefined
    for (const stream of last) stream.resume()
    await nextTurn()
  }

  #accept(stream: ByteStream): void {
    if (this.#maxConnections > 0 && this.#connections.size >= this.#maxConnections) {
      this.#refuse(stream)
      return
    }
    const connection = new Http1Connection(stream, this.#http1)
    this.#connections.add(connection, stream)
    if (this.#http1.stopping) connection.shutdown()
    if (this.#last !== undefined) {
      stream.pause()
      this.#last.push(stream)
    }
  }

  #refuse(stream: ByteStream): void {
    const error = new TaipanError('OVERLOADED', 'too many connections, try again later')
    this.#refused.refuse(stream, createRefusal(this.#http1.encoder, error).text)
  }
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()))
}
