import type { ByteStream } from '../../core/byte-stream.ts'
import { Linger } from '../listening/linger.ts'
import type { Outbox } from '../../streams/net/outbox.ts'
import type { Http1Response } from './http1-response.ts'

const CUT_MS = 5000
const LAST_HEAD_MS = 1000

/** Closes or aborts a connection. */
export class ConnectionEnd {
  readonly #stream: ByteStream
  readonly #outbox: Outbox
  #cutTimer: NodeJS.Timeout | undefined
  #headTimer: NodeJS.Timeout | undefined
  #linger: Linger | undefined

  constructor(stream: ByteStream, outbox: Outbox) {
    this.#stream = stream
    this.#outbox = outbox
  }

  /** Half-closes after the last response, and waits for the client to close. */
  close(hasten: boolean): void {
    if (this.#linger !== undefined || this.#stream.closed) return
    this.#linger = new Linger(this.#stream)
    if (hasten) this.#linger.hasten()
  }

  /** Waits only a short time more for the client to close. */
  hasten(): void {
    this.#linger?.hasten()
  }

  /** The server is stopping, and a head has begun to arrive: `onLate` is called when it has had a second for that. */
  awaitLast(onLate: () => void): void {
    this.#headTimer ??= setTimeout(onLate, LAST_HEAD_MS).unref()
  }

  /** Bytes have arrived after the last request. */
  noteReceived(bytes: number): void {
    this.#linger?.noteReceived(bytes)
  }

  /** Aborts a connection whose response cannot be completed, in a way that the client can detect. */
  cut(response: Http1Response | undefined): void {
    const begun = response?.begun === true
    const outbox = this.#outbox
    // Without Content-Length or chunks, only a reset shows that the body is incomplete.
    if (begun && response.framing === 'close') this.#stream.reset()
    else if (begun && outbox.pending > 0 && outbox.handedOver) {
      this.#cutTimer = setTimeout(() => this.#stream.destroy(), CUT_MS).unref()
      this.#stream.destroySoon()
    } else this.#stream.destroy()
  }

  /** The connection is closed. */
  stop(): void {
    clearTimeout(this.#cutTimer)
    clearTimeout(this.#headTimer)
  }
}
