import type { Socket } from 'node:net'

import { TaipanError } from '../core/errors.ts'
import type { Service } from '../core/service.ts'
import { Connection } from './http1/connection.ts'
import { FrontContext } from './http1/context.ts'
import { DeadlineSweep } from './listening/deadlines.ts'
import { Linger } from './listening/linger.ts'
import { listen, type Listener } from './listening/listener.ts'
import type { HttpFrontOptions, ListenAddress } from './options.ts'
import { createRefusal } from './http1/refusal.ts'

/** Clients over the limit that are being told so at the same time; more are cut without a word. */
const CROWD_SIZE = 256
const CROWD_LINGER = { bytes: 65_536, total: 2000, quiet: 500 }

/** The door for HTTP/1.1: listens, and hands every request to its handler. */
export class HttpFront implements Service {
  readonly #context: FrontContext
  readonly #connections = new Set<Connection>()
  readonly #refused = new Map<Socket, Linger>()
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
    // Nothing is accepted before the next turn of the event loop.
    const accept = (socket: Socket): void => this.#accept(socket, readPath(listener.url))
    const listener = await listen(address, accept)
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
    for (const socket of this.#refused.keys()) socket.destroy()
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

  #accept(socket: Socket, localPath: string): void {
    const most = this.#context.options.limits.connections
    if (most > 0 && this.#connections.size >= most) {
      this.#refuse(socket)
      return
    }
    const connection = new Connection(socket, this.#context, localPath)
    this.#connections.add(connection)
    socket.once('close', () => this.#forget(connection))
    if (this.#context.stopping) connection.shutdown()
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  #refuse(socket: Socket): void {
    if (this.#refused.size >= CROWD_SIZE) {
      socket.destroy()
      return
    }
    const error = new TaipanError('OVERLOADED', 'too many connections, try again later')
    socket.on('error', () => undefined)
    socket.once('close', () => this.#refused.delete(socket))
    socket.write(createRefusal(this.#context.encoder, error).text, 'latin1')
    this.#refused.set(socket, new Linger(socket, CROWD_LINGER))
  }
}

/** Path of a Unix socket; empty for TCP. */
function readPath(url: string): string {
  return url.startsWith('unix:') ? url.slice(5) : ''
}
