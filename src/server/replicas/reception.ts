import type { Socket } from 'node:net'
import { createResponseHead } from '../../core/response-head.ts'
import { ResponseEncoder } from '../../wire/http1/response-encoder.ts'
import type { Replica, Visitor } from './replica.ts'

const REFUSAL_LINGER_MS = 1000

/** Spreads the clients that come in over the replicas; those that none can take wait here, up to a bound. */
export class Reception {
  readonly #limit: number
  readonly #refusal: string
  readonly #replicas: Replica[] = []
  readonly #waiting: Visitor[] = []
  #closed = false
  /** Nobody will come who could serve. */
  #hopeless = false

  /** Beyond `limit` waiting clients, further ones are turned away; 0 sets no limit. */
  constructor(limit: number, serverSoftware: string) {
    this.#limit = limit
    this.#refusal = formatRefusal(serverSoftware)
  }

  add(replica: Replica): void {
    this.#hopeless = false
    this.#replicas.push(replica)
    this.admit()
  }

  remove(replica: Replica): void {
    const index = this.#replicas.indexOf(replica)
    if (index >= 0) this.#replicas.splice(index, 1)
  }

  receive(visitor: Visitor): void {
    visitor.socket.on('error', () => {})
    if (this.#closed) visitor.socket.destroy()
    else if (this.#hopeless || (this.#limit > 0 && this.#waiting.length >= this.#limit))
      this.#refuse(visitor.socket)
    else {
      this.#waiting.push(visitor)
      this.admit()
    }
  }

  /** Clients that a replica was sent and has not taken: they go before the others. */
  takeBack(visitors: readonly Visitor[]): void {
    for (const visitor of visitors) if (this.#closed) visitor.socket.destroy()
    if (this.#closed) return
    this.#waiting.unshift(...visitors)
    this.admit()
  }

  /** Hands over as many as the replicas have room for. */
  admit(): void {
    while (this.#waiting.length > 0) {
      const replica = this.#choose()
      if (replica === undefined) return
      const visitor = this.#waiting.shift()
      if (visitor !== undefined) replica.hand(visitor)
    }
  }

  /** Turns away whoever waits, and whoever comes until there is a replica again. */
  refuseAll(): void {
    this.#hopeless = true
    for (const { socket } of this.#waiting.splice(0)) this.#refuse(socket)
  }

  close(): void {
    this.#closed = true
    for (const { socket } of this.#waiting.splice(0)) socket.destroy()
  }

  /** The one with the fewest clients, of those that nothing holds if there are such; among equals each in its turn. */
  #choose(): Replica | undefined {
    let best: Replica | undefined
    for (const replica of this.#replicas)
      if (replica.hasRoom && (best === undefined || isBetter(replica, best))) best = replica
    if (best !== undefined) {
      this.remove(best)
      this.#replicas.push(best)
    }
    return best
  }

  #refuse(socket: Socket): void {
    socket.end(this.#refusal, 'latin1')
    socket.resume()
    setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS).unref()
  }
}

function isBetter(one: Replica, other: Replica): boolean {
  const { prompt } = one
  return prompt === other.prompt ? one.clients < other.clients : prompt
}

function formatRefusal(serverSoftware: string): string {
  const body = 'Service Unavailable\n'
  const fields = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    'Retry-After',
    '5',
  ]
  const head = new ResponseEncoder(serverSoftware).format(createResponseHead(503, fields), {
    version: '1.1',
    framing: 'length',
    keepAlive: false,
    addedLength: undefined,
  })
  return head + body
}
