import type { ByteStream } from '../../core/byte-stream.ts'
import { Linger } from '../listening/linger.ts'
import { ResponseOutbox } from './response-outbox.ts'

/** The connection of a server in front, below its protocol: output, holding back, and the end. */
export class DoorStream {
  readonly outbox: ResponseOutbox
  /** The front server has finished sending. */
  ended = false
  readonly #stream: ByteStream
  #paused = false
  #closing = false
  #hastens = false
  #linger: Linger | undefined

  constructor(stream: ByteStream) {
    this.#stream = stream
    this.outbox = new ResponseOutbox(stream)
  }

  /** Nothing more is read. */
  get closing(): boolean {
    return this.#closing || this.#stream.closed
  }

  /** Stops reading, or goes on. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused || this.#closing) return
    this.#paused = paused
    if (paused) this.#stream.pause()
    else this.#stream.resume()
  }

  /** Half-closes after the last response, and waits for the front server to close. */
  close(hastens: boolean): void {
    this.#closing = true
    this.#hastens ||= hastens
    this.#linger ??= this.#startLinger()
    if (this.#hastens) this.#linger?.hasten()
  }

  /** Bytes have arrived after the last request. */
  noteReceived(bytes: number): void {
    this.#linger?.noteReceived(bytes)
  }

  /** The front server has accepted bytes. */
  noteTaken(): void {
    this.outbox.noteTaken()
    if (this.#closing && this.#linger === undefined) this.close(this.#hastens)
  }

  /** Closes both directions now; what was written in this tick is still sent. */
  destroy(): void {
    this.#closing = true
    this.outbox.flush()
    this.#stream.destroy()
  }

  /** Closes both directions now, so that the front server sees that the response is cut off. */
  reset(): void {
    this.#closing = true
    this.outbox.flush()
    this.#stream.reset()
  }

  #startLinger(): Linger | undefined {
    if (this.#stream.closed || !this.outbox.handedOver) return undefined
    this.outbox.flush()
    return new Linger(this.#stream)
  }
}
