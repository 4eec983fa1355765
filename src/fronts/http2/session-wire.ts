import { Duplex } from 'node:stream'

import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'

const HEAD_BYTES = 9
const ENTRY_BYTES = 6
const SETTINGS = 4
const MAX_CONCURRENT_STREAMS = 3
/** A GOAWAY without an error, with the highest number that a stream may have. */
const LEAVING = Buffer.from('0000080700000000007fffffff00000000', 'hex')

type Done = (error?: Error | null) => void

/** What a wire tells of the client. */
export interface SessionWireOptions {
  /** The most streams at a time that the client is told of, in place of what the session says. */
  readonly mostStreams: number
  readonly onData: (chunk: Buffer) => void
  /** The client has finished sending. */
  readonly onEnd: () => void
  /** The client has taken what the session has written. */
  readonly onWritten: () => void
  /** The session needs the connection no more. */
  readonly onClosed: () => void
}

/**
 * A connection as a session of `node:http2` uses it. The session takes streams beyond the limit for an error of the whole
 * connection, so it knows of a higher limit than the client is told.
 */
export class SessionWire extends Duplex implements StreamListener {
  readonly #stream: ByteStream
  readonly #options: SessionWireOptions
  #done: Done | undefined
  #announced = false

  constructor(stream: ByteStream, options: SessionWireOptions) {
    super()
    this.#stream = stream
    this.#options = options
    stream.listener = this
    stream.onClose(() => this.destroy())
    stream.resume()
  }

  /** The session has written what is not taken yet. */
  get busy(): boolean {
    return this.#done !== undefined
  }

  /** Tells the client to open another connection. After a GOAWAY of its own the session would ignore further streams. */
  announceEnd(): void {
    this.#stream.write(LEAVING)
  }

  onData(chunk: Buffer): void {
    this.#options.onData(chunk)
    if (!this.destroyed && !this.push(chunk)) this.#stream.pause()
  }

  /** The session has to read first what came before, or it would tell of a request after its client has left. */
  onEnd(): void {
    if (this.readableLength > 0 && this.readableFlowing !== true)
      this.once('resume', () => this.#awaitRead())
    else this.#awaitRead()
  }

  onTaken(): void {
    if (this.#stream.pending > 0) return
    const done = this.#done
    this.#done = undefined
    done?.()
    if (done !== undefined) this.#options.onWritten()
  }

  /** Node tells of streams in a tick of their own. */
  #awaitRead(): void {
    setImmediate(() => {
      if (this.destroyed) return
      if (this.readableLength > 0) this.onEnd()
      else this.#options.onEnd()
    })
  }

  override _read(): void {
    this.#stream.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send([chunk], done)
  }

  override _writev(pieces: { readonly chunk: Buffer }[], done: Done): void {
    this.#send(
      pieces.map(({ chunk }) => chunk),
      done,
    )
  }

  override _final(done: Done): void {
    this.#options.onClosed()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#options.onClosed()
    done(error)
  }

  #send(chunks: readonly Buffer[], done: Done): void {
    const stream = this.#stream
    const whole = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    if (whole === undefined) {
      done()
      return
    }
    const bytes = this.#announced ? whole : this.#announce(whole)
    this.#done = done
    if (stream.write(bytes) === 0) this.onTaken()
  }

  /** The session begins with its settings. */
  #announce(bytes: Buffer): Buffer {
    this.#announced = true
    if (bytes.length < HEAD_BYTES || bytes[3] !== SETTINGS) return bytes
    const changed = Buffer.from(bytes)
    const end = Math.min(bytes.length, HEAD_BYTES + bytes.readUIntBE(0, 3))
    for (let at = HEAD_BYTES; at + ENTRY_BYTES <= end; at += ENTRY_BYTES)
      if (changed.readUInt16BE(at) === MAX_CONCURRENT_STREAMS)
        changed.writeUInt32BE(this.#options.mostStreams, at + 2)
    return changed
  }
}
