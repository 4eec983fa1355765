import type { ByteStream } from '../../core/byte-stream.ts'
import { Linger } from '../listening/linger.ts'
import type { Outbox } from '../streams/outbox.ts'
import type { Http1Response } from './http1-response.ts'

const CUT_MS = 5000
const LAST_HEAD_MS = 1000

/** The ways in which a connection comes to its end. */
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

  /** Ends our side behind the last answer, and waits for the client's end. */
  close(hasten: boolean): void {
    if (this.#linger !== undefined || this.#stream.closed) return
    this.#linger = new Linger(this.#stream)
    if (hasten) this.#linger.hasten()
  }

  /** Waits only a little longer for the client's end. */
  hasten(): void {
    this.#linger?.hasten()
  }

  /** The server is stopping, and a head has begun to arrive: `onLate` is called when it has had a second for that. */
  awaitLast(onLate: () => void): void {
    this.#headTimer ??= setTimeout(onLate, LAST_HEAD_MS).unref()
  }

  /** Bytes have arrived that nobody reads. */
  noteReceived(bytes: number): void {
    this.#linger?.noteReceived(bytes)
  }

  /** Ends a connection whose response cannot be finished, so that the client can tell. */
  cut(response: Http1Response | undefined): void {
    const begun = response?.begun === true
    const outbox = this.#outbox
    // Without length or chunks only a reset says that something is missing.
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
