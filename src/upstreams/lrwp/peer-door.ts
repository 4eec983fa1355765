import type { ByteStream } from '../../core/byte-stream.ts'
import { LimitedLog } from '../../core/limited-log.ts'
import type { Logger } from '../../core/logger.ts'
import {
  formatAddress,
  formatHostPort,
  type BoundAddress,
} from '../../streams/listening/addresses.ts'
import { expandLocalhost } from '../../streams/listening/both-families.ts'
import { bindSocket } from '../../streams/listening/listener.ts'
import type { ListeningSocket } from '../../streams/net/listening-socket.ts'
import { createNetworks, type Networks } from '../../core/networks.ts'
import { formatRejected, type Registration } from '../../wire/lrwp/registration.ts'
import { showName } from './names.ts'
import { refusePeer } from './refuse-peer.ts'
import { Registering } from './registering.ts'

/** Options of a door. Durations in ms. */
export interface DoorOptions {
  /** Where it listens. */
  readonly addresses: readonly BoundAddress[]
  /** Networks from which peers may come; over Unix sockets all may that reach them. */
  readonly allow: readonly string[]
  /** What peers have to know, by their names in normal form. */
  readonly passphrases: ReadonlyMap<string, string>
  /** Connections at the same time. */
  readonly connections: number
  readonly timeouts: {
    /** Until a new connection has registered. */
    readonly registration: number
  }
  readonly logger: Logger
}

/** At the same time; others are disconnected without an answer. */
const MOST_STRANGERS = 100

/** Receives a connection that has registered, and needs a new listener. */
export type Admit = (stream: ByteStream, registration: Registration) => void

/** Listens for programs that want to be peers, and lets in those that may. */
export class PeerDoor {
  readonly #options: DoorOptions
  readonly #admit: Admit
  readonly #networks: Networks
  readonly #refusals: LimitedLog
  readonly #registering = new Set<Registering>()
  #sockets: ListeningSocket[] = []
  /** Connections of peers, registered or not yet. */
  #open = 0
  /** Connections from networks that are not allowed, while they read the reason. */
  #strangers = 0

  constructor(options: DoorOptions, admit: Admit) {
    this.#options = options
    this.#admit = admit
    this.#networks = createNetworks(options.allow)
    this.#refusals = new LimitedLog({
      write: (fields, message) => options.logger.warn(fields, `lrwp: ${message}`),
      further: 'more peers were not registered',
    })
  }

  /** Where it listens. */
  get addresses(): readonly string[] {
    return this.#sockets.map(nameAddress)
  }

  /** Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`, leaving nothing behind. */
  async open(): Promise<void> {
    try {
      for (const given of await expandLocalhost(this.#options.addresses)) {
        const address = given.kind === 'tcp' ? { ...given, keepAlive: true } : given
        const socket = await bindSocket(address, (stream) => this.#accept(stream))
        const name = formatAddress(address)
        socket.onError((error) =>
          this.#warn(`cannot accept a connection at ${name}`, error.message),
        )
        this.#sockets.push(socket)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Lets nobody in any more; those that have registered stay. */
  close(): void {
    for (const socket of this.#sockets.splice(0)) void socket.close()
    for (const one of this.#registering) one.close('the server is stopping')
    this.#refusals.flush()
  }

  #accept(stream: ByteStream): void {
    const { remoteAddress, localPath } = stream.facts
    if (localPath === '' && !this.#networks.has(remoteAddress)) this.#refuse(stream)
    else if (this.#open >= this.#options.connections) this.#cut(stream, 'Out of resources')
    else this.#register(stream)
  }

  /** Without the courtesy of waiting until it has read the reason. */
  #cut(stream: ByteStream, reason: string): void {
    this.#tellRefused(stream, reason)
    stream.write(formatRejected(1, reason))
    stream.destroySoon()
  }

  /** Strangers take no room of peers. */
  #refuse(stream: ByteStream): void {
    if (this.#strangers >= MOST_STRANGERS) {
      stream.destroy()
      return
    }
    this.#strangers += 1
    stream.onClose(() => {
      this.#strangers -= 1
    })
    const reason = 'Unauthorized access'
    this.#tellRefused(stream, reason)
    refusePeer(stream, formatRejected(1, reason))
  }

  #register(stream: ByteStream): void {
    this.#open += 1
    stream.onClose(() => {
      this.#open -= 1
    })
    const { passphrases, timeouts } = this.#options
    const options = { passphrases, timeout: timeouts.registration }
    const one = new Registering(stream, options, {
      onRegistered: (registration) => {
        this.#registering.delete(one)
        this.#admit(stream, registration)
      },
      onRefused: (reason, name) => {
        this.#registering.delete(one)
        // Whoever only looks whether somebody listens is no peer.
        if (!stream.silent) this.#tellRefused(stream, reason, name)
      },
    })
    this.#registering.add(one)
  }

  #tellRefused({ facts }: ByteStream, reason: string, name?: string): void {
    const what = name === undefined ? '' : ` as ${showName(name)}`
    const peer = facts.remoteAddress || 'a peer'
    this.#refusals.note({ reason }, `${peer} was not registered${what}: ${reason}`)
  }

  #warn(what: string, reason: string): void {
    this.#options.logger.warn({ reason }, `lrwp: ${what}: ${reason}`)
  }
}

function nameAddress({ address }: ListeningSocket): string {
  if (address === undefined) return 'an inherited socket'
  return typeof address === 'string'
    ? `unix:${address}`
    : formatHostPort(address.host, address.port)
}
