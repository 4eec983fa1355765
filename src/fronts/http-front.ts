import type { ByteStream } from '../core/byte-stream.ts'
import { TaipanError } from '../core/errors.ts'
import type { Service } from '../core/service.ts'
import { Connection } from './http1/connection.ts'
import { FrontContext } from './http1/context.ts'
import { DeadlineSweep } from './listening/deadlines.ts'
import type { ListenAddress, Listener } from './listening/addresses.ts'
import { Crowd } from './listening/crowd.ts'
import { listen } from './listening/listener.ts'
import type { HttpFrontOptions } from './options.ts'
import { createRefusal } from './http1/refusal.ts'

/** The door for HTTP/1.1: listens, and hands every request to its handler. */
export class HttpFront implements Service {
  readonly #context: FrontContext
  readonly #connections = new Set<Connection>()
  readonly #crowd = new Crowd()
  readonly #sweep: DeadlineSweep
  readonly #whenEmpty: (() => void)[] = []
  #listeners: readonly Listener[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: HttpFrontOptions) {
    this.#context = new FrontContext(options)
    const { header, body, idle, send } = options.timeouts
    const { pingInterval: ping, pingTimeout: pong, closeTimeout: close } = options.webSocket
    const deadlines = { header, body, idle, send, ping, pong, close }
    this.#sweep = new DeadlineSweep(deadlines, this.#connections)
  }

  /** Bound addresses, `http://127.0.0.1:8000` or `unix:/path`; empty before `start`. */
  get urls(): readonly string[] {
    return this.#listeners.map((listener) => listener.url)
  }

  /** Connections open at this moment. */
  get connections(): number {
    return this.#connections.size
  }

  start(): Promise<void> {
    return (this.#starting ??= this.#start())
  }

  /**
   * Running exchanges end within `timeouts.shutdown`, idle connections at once, or after `idleGrace` ms: so long
   * they may still have a last request answered.
   */
  stop(idleGrace = 0): Promise<void> {
    return (this.#stopping ??= this.#stop(idleGrace))
  }

  async #start(): Promise<void> {
    const listeners: Listener[] = []
    try {
      for (const address of this.#context.options.addresses)
        listeners.push(await this.#listen(address))
    } catch (error) {
      const reason = new TaipanError('STOPPING', 'the server could not start', { cause: error })
      for (const connection of this.#connections) connection.destroy(reason)
      await this.#closeAll(listeners)
      throw error
    }
    this.#listeners = listeners
    this.#sweep.start()
  }

  async #listen(address: ListenAddress): Promise<Listener> {
    const listener = await listen(address, (stream) => this.#accept(stream))
    // Out of descriptors, for instance: the connection is lost, the server is not.
    listener.onError((error) => {
      const { logger } = this.#context.options
      logger.warn({ error, address: listener.url }, 'a connection could not be accepted')
    })
    return listener
  }

  async #stop(idleGrace: number): Promise<void> {
    await this.#starting?.catch(() => undefined)
    this.#context.stopping = true
    const closed = this.#closeAll(this.#listeners)
    const deadline = this.#startDeadline()
    for (const connection of this.#connections) connection.closeWebSocket()
    if (idleGrace > 0) await this.#waitUntilEmptyWithin(idleGrace)
    for (const connection of this.#connections) connection.shutdown()
    await this.#waitUntilEmpty()
    this.#crowd.close()
    await closed
    clearTimeout(deadline)
    this.#sweep.stop()
  }

  async #closeAll(listeners: readonly Listener[]): Promise<void> {
    await Promise.all(listeners.map((listener) => listener.close()))
  }

  #startDeadline(): NodeJS.Timeout | undefined {
    const { shutdown } = this.#context.options.timeouts
    if (shutdown === 0) return undefined
    return setTimeout(() => {
      const reason = new TaipanError('STOPPING', 'the server stopped before the exchange was over')
      for (const connection of this.#connections) connection.destroy(reason)
    }, shutdown)
  }

  #waitUntilEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve)
    })
  }

  async #waitUntilEmptyWithin(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds)
    })
    await Promise.race([this.#waitUntilEmpty(), patience])
    clearTimeout(timer)
  }

  #accept(stream: ByteStream): void {
    const most = this.#context.options.limits.connections
    if (most > 0 && this.#connections.size >= most) {
      this.#refuse(stream)
      return
    }
    const connection = new Connection(stream, this.#context)
    this.#connections.add(connection)
    stream.onClose(() => this.#forget(connection))
    if (this.#context.stopping) connection.shutdown()
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  #refuse(stream: ByteStream): void {
    const error = new TaipanError('OVERLOADED', 'too many connections, try again later')
    this.#crowd.refuse(stream, createRefusal(this.#context.encoder, error).text)
  }
}
