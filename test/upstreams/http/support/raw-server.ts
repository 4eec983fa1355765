import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** The server sends no more. */
export const END = Symbol('end')
/** It resets the connection. */
export const RESET = Symbol('reset')

/** A step of a server: text of one character per byte, or a pause in ms. */
export type Step = string | number | typeof END | typeof RESET

/** An HTTP server whose every byte is given. */
export class RawServer {
  /** What it does when a connection has sent a request. */
  behaviour: (socket: Socket) => void = () => {}
  /** What it has received by each connection. */
  readonly received: string[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
  }

  get port(): number {
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    return address.port
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size
  }

  /** The most requests that a connection has brought. */
  get longest(): number {
    return Math.max(0, ...this.received.map((text) => text.split(' HTTP/1.1\r\n').length - 1))
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Answers each request by `steps`. */
  answer(...steps: readonly Step[]): void {
    this.behaviour = (socket) => void run(socket, steps)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    const at = this.received.push('') - 1
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    let pending = ''
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      this.received[at] += text
      pending += text
      const end = pending.indexOf('\r\n\r\n')
      if (end < 0) return
      pending = pending.slice(end + 4)
      this.behaviour(socket)
    })
  }
}

/** Starts a server. */
export async function startRawServer(...steps: readonly Step[]): Promise<RawServer> {
  const server = new RawServer()
  await server.start()
  server.answer(...steps)
  return server
}

async function run(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (typeof step === 'number') await sleep(step)
    else if (step === END) socket.end()
    else if (step === RESET) socket.resetAndDestroy()
    else socket.write(step, 'latin1')
  }
}
