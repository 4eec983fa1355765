import { setImmediate as nextTurn } from 'node:timers/promises'

import type { ByteStream } from '../core/byte-stream.ts'
import { TaipanError } from '../core/errors.ts'
import { LimitedLog } from '../core/limited-log.ts'
import type { Front } from '../core/front.ts'
import type { Logger } from '../core/logger.ts'
import type { ListenAddress, Listener, Protocol } from '../streams/listening/addresses.ts'
import { expandLocalhost } from '../streams/listening/both-families.ts'
import { listen } from '../streams/listening/listener.ts'
import { acceptWaiting } from './listening/accept-waiting.ts'
import { DeadlineSweep } from './listening/deadline-sweep.ts'
import type { FrontProtocol } from './listening/front-protocol.ts'
import { OpenConnections } from './listening/open-connections.ts'
import { PreludeChain } from './listening/prelude-chain.ts'
import { RefusedConnections } from './listening/refused-connections.ts'
import { loadPreludes } from './load-preludes.ts'
import { loadProtocol, type ProtocolModule } from './load-protocol.ts'
import type { FrontOptions, FrontPartOptions } from './options.ts'

const CROWDED = 'Service Unavailable: too many connections, try again later\n'

/** What becomes of the connections of an address. */
interface Entrance {
  readonly module: ProtocolModule
  readonly protocol: FrontProtocol
  /** Undefined: the protocol begins with the first byte. */
  readonly chain: PreludeChain | undefined
}

interface LastClients {
  count: number
  readonly paused: ByteStream[]
}

/** The front that listens: makes a connection object for each client, by the protocol of the address. */
export class ListeningFront implements Front {
  readonly #options: FrontPartOptions
  readonly #connections = new OpenConnections()
  readonly #refused = new RefusedConnections()
  readonly #sweep: DeadlineSweep
  readonly #protocols = new Map<Protocol, FrontProtocol>()
  #listeners: readonly Listener[] = []
  /** Clients that waited for being accepted when the server was asked to stop, and those of them that are not read yet. */
  #last: LastClients | undefined
  #expectsWebSockets = false
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(options: FrontOptions) {
    const { header, body, idle, send } = options.timeouts
    const { pingInterval: ping, pingTimeout: pong, closeTimeout: close } = options.webSocket
    this.#options = { ...options, refusals: createRefusalLog(options.logger) }
    const deadlines = { header, body, idle, send, ping, pong, close }
    this.#sweep = new DeadlineSweep(deadlines, this.#connections)
  }

  get urls(): readonly string[] {
    return this.#listeners.map((listener) => listener.url)
  }

  get exchanges(): number {
    let exchanges = 0
    for (const protocol of this.#protocols.values()) exchanges += protocol.exchanges
    return exchanges
  }

  /** Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`. */
  start(): Promise<void> {
    return (this.#starting ??= this.#start())
  }

  stop(idleGrace = 0): Promise<void> {
    return (this.#stopping ??= this.#stop(idleGrace))
  }

  expectWebSockets(): void {
    this.#expectsWebSockets = true
    for (const protocol of this.#protocols.values()) protocol.expectWebSockets?.()
  }

  async #start(): Promise<void> {
    const listeners: Listener[] = []
    try {
      const addresses = await expandLocalhost(this.#options.addresses)
      for (const address of addresses) listeners.push(await this.#listen(address))
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
    const entrance = await this.#createEntrance(address)
    const listener = await listen(address, (stream) => {
      if (this.#isFull) this.#refuse(stream, entrance)
      else this.#accept(stream, entrance)
    })
    // For example when file descriptors are used up: one connection fails, the server continues.
    listener.onError((error) => {
      const { logger } = this.#options
      logger.warn({ error, address: listener.url }, 'a connection could not be accepted')
    })
    return listener
  }

  async #createEntrance(address: ListenAddress): Promise<Entrance> {
    const { protocol: name = 'http' } = address
    const module = await loadProtocol(name)
    const protocol = this.#findProtocol(name, module)
    const preludes = await loadPreludes(address, this.#options, this.#refused)
    const connections = this.#connections
    const chain =
      preludes.length === 0 ? undefined : new PreludeChain({ preludes, protocol, connections })
    return { module, protocol, chain }
  }

  #findProtocol(name: Protocol, module: ProtocolModule): FrontProtocol {
    const known = this.#protocols.get(name)
    if (known !== undefined) return known
    const protocol = module.create(this.#options, this.#connections)
    this.#protocols.set(name, protocol)
    if (this.#expectsWebSockets) protocol.expectWebSockets?.()
    return protocol
  }

  async #stop(idleGrace: number): Promise<void> {
    await this.#starting?.catch(() => undefined)
    // With a grace period another process accepts from the same sockets.
    if (idleGrace === 0 && this.#listeners.length > 0) await this.#acceptLast()
    for (const protocol of this.#protocols.values()) protocol.stopping = true
    const closed = closeAll(this.#listeners)
    await this.#connections.shutdown({ idleGrace, limit: this.#options.timeouts.shutdown })
    this.#refused.close()
    this.#options.refusals.flush()
    await closed
    this.#sweep.stop()
  }

  /** Closing a socket would reset the clients that wait in its queue. */
  async #acceptLast(): Promise<void> {
    const last: LastClients = { count: 0, paused: [] }
    // An application on Node's thread would hold up the others, and more and more would come.
    this.#last = last
    await acceptWaiting(() => last.count)
    this.#last = undefined
    for (const stream of last.paused) stream.resume()
    await nextTurn()
  }

  get #isFull(): boolean {
    const most = this.#options.limits.connections
    return most > 0 && this.#connections.size >= most
  }

  #refuse(stream: ByteStream, { module, chain }: Entrance): void {
    if (chain?.refusesInPlain === false) stream.destroy()
    else
      this.#refused.refuse(stream, module.formatUnavailable(CROWDED, this.#options.serverSoftware))
  }

  #accept(stream: ByteStream, { protocol, chain }: Entrance): void {
    const connection = chain === undefined ? protocol.connect(stream) : chain.begin(stream)
    this.#connections.add(connection, stream)
    if (protocol.stopping) connection.shutdown()
    if (this.#last === undefined) return
    this.#last.count += 1
    // A prelude decides itself when its stream is read.
    if (chain !== undefined) return
    stream.pause()
    this.#last.paused.push(stream)
  }
}

function createRefusalLog(logger: Logger): LimitedLog {
  return new LimitedLog({
    write: (fields, message) => logger.info(fields, message),
    further: 'more connections or requests were refused',
  })
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()))
}
