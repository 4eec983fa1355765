import { readSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import type { ByteStream, StreamFacts, StreamListener } from '../../core/byte-stream.ts'
import { findDescriptor } from './descriptor.ts'

const EMPTY = Buffer.alloc(0)
/** Bytes that are read at once where only few are expected. */
const FEW_BYTES = 256
const NOBODY: StreamListener = { onData: () => {}, onEnd: () => {}, onTaken: () => {} }

/** A `ByteStream` over a socket of `node:net`. The only place that uses undocumented parts of it; each has a test. */
export class NetStream implements ByteStream {
  readonly facts: StreamFacts
  listener: StreamListener = NOBODY
  readonly #socket: Socket
  /** The connection of the system: `#socket` itself, unless that decrypts it. */
  readonly #carrier: Socket
  readonly #push: Socket['push']
  readonly #onData = (chunk: Buffer): void => this.listener.onData(chunk)
  readonly #onEnd = (): void => this.listener.onEnd()
  readonly #onTaken = (): void => this.listener.onTaken()
  #corked = false
  #error: Error | undefined

  /** `carrier` is what `socket` decrypts, if it does. */
  constructor(socket: Socket, facts: StreamFacts, carrier: Socket = socket) {
    this.#socket = socket
    this.#carrier = carrier
    this.facts = facts
    this.#push = socket.push.bind(socket)
    socket.push = (chunk: Buffer | null, encoding) => this.#receive(chunk, encoding)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', (error) => {
      this.#error ??= error
    })
  }

  get closed(): boolean {
    // After a write has failed, it is destroyed in the next tick.
    return this.#socket.destroyed || this.#socket.errored !== null
  }

  get silent(): boolean {
    return this.#socket.bytesRead === 0
  }

  get descriptor(): number | undefined {
    const isPlain = this.#carrier === this.#socket
    return this.closed || !isPlain ? undefined : findDescriptor(this.#socket)
  }

  get pending(): number {
    return this.#socket.writableLength
  }

  write(data: Uint8Array | string): number {
    const socket = this.#socket
    if (typeof data !== 'string') {
      socket.write(data, this.#onTaken)
    } else if (this.#corked || this.#carrier !== socket) {
      // TLS never takes bytes at once.
      socket.write(data, 'latin1', this.#onTaken)
    } else {
      socket.write(data, 'latin1')
      // The callback of an empty write runs after the bytes before it; most responses need none.
      if (socket.writableLength > 0) socket.write(EMPTY, this.#onTaken)
    }
    return socket.writableLength
  }

  cork(): void {
    this.#corked = true
    this.#socket.cork()
  }

  uncork(): void {
    this.#corked = false
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  readNow(): boolean {
    const { descriptor } = this
    if (descriptor === undefined) return !this.closed
    const chunk = Buffer.allocUnsafe(FEW_BYTES)
    try {
      const length = readSync(descriptor, chunk)
      if (length > 0) this.listener.onData(chunk.subarray(0, length))
      return length > 0
    } catch (error) {
      return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
    }
  }

  end(): void {
    this.#socket.end()
  }

  destroySoon(): void {
    this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Unix sockets have no reset and are just closed. */
  reset(): void {
    // Node's `resetAndDestroy` ends the stream first, and the client would take that FIN for the end of the body.
    const carrier = this.#carrier
    if (carrier.remoteFamily !== undefined) Object.assign(carrier, { resetAndClosing: true })
    this.#socket.destroy()
  }

  onClose(listener: (error: Error | undefined) => void): void {
    this.#socket.once('close', () => listener(this.#error))
  }

  continueWith(facts: StreamFacts, unread: Uint8Array): ByteStream {
    const socket = this.#socket
    this.detach()
    if (unread.length > 0) {
      // A flowing stream would not look at what is put back before more comes.
      socket.pause()
      socket.unshift(unread)
    }
    const stream = new NetStream(socket, facts, this.#carrier)
    socket.resume()
    return stream
  }

  detach(): Duplex {
    // Deleting the property would make the socket a slow object in V8.
    this.#socket.push = this.#push
    this.#socket.off('data', this.#onData)
    this.#socket.off('end', this.#onEnd)
    return this.#socket
  }

  /**
   * Passes bytes directly to the listener while the socket flows: the Node stream would check after each chunk, in a tick of
   * its own, whether to read ahead. While it is paused or has buffered bytes, the Node stream handles them as usual.
   */
  #receive(chunk: Buffer | null, encoding: BufferEncoding | undefined): boolean {
    const socket = this.#socket
    if (chunk === null || socket.readableFlowing !== true || socket.readableLength > 0)
      return this.#push(chunk, encoding)
    this.listener.onData(chunk)
    return true
  }
}

/** The file descriptor of a listening server. Throws if it has none. */
export function readDescriptor(server: Server): number {
  const descriptor = findDescriptor(server)
  if (descriptor === undefined)
    throw new Error('the server has no descriptor, as in a worker of node:cluster')
  return descriptor
}

/** The facts of an accepted socket; a destroyed one does not know its peer. `localPath` is empty for TCP. */
export function readFacts(socket: Socket, localPath: string): StreamFacts {
  return {
    scheme: 'http',
    alpn: '',
    remoteAddress: formatAddress(socket.remoteAddress),
    remotePort: String(socket.remotePort ?? ''),
    localAddress: formatAddress(socket.localAddress),
    localPort: String(socket.localPort ?? ''),
    localPath,
  }
}

// A socket on `::` reports IPv4 clients as mapped addresses; people and applications expect the dotted form.
function formatAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
