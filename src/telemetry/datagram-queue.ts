/** Sends a datagram: false if its receiver has no room for it now; whatever else goes wrong is lost. */
export type SendDatagram = (bytes: Uint8Array) => boolean

const MOST_WAITING = 2000
const RETRY_MS = 20

/** Records for a receiver of datagrams that may be behind for a while. More than some are dropped and counted. */
export class DatagramQueue {
  readonly #send: SendDatagram
  readonly #onDropped: (count: number) => void
  #waiting: Uint8Array[] = []
  #dropped = 0
  #retries = false

  /** `onDropped` gets the number of dropped records when there is room again. */
  constructor(send: SendDatagram, onDropped: (count: number) => void) {
    this.#send = send
    this.#onDropped = onDropped
  }

  add(bytes: Uint8Array): void {
    if (this.#waiting.length === 0 && this.#send(bytes)) return
    if (this.#waiting.length === MOST_WAITING) this.#dropped += 1
    else this.#waiting.push(bytes)
    this.#retryLater()
  }

  /** Sends what the receiver takes before it returns. */
  flush(): void {
    const sent = this.#waiting.findIndex((bytes) => !this.#send(bytes))
    this.#waiting = sent === -1 ? [] : this.#waiting.slice(sent)
  }

  #retryLater(): void {
    if (this.#retries) return
    this.#retries = true
    setTimeout(() => this.#retry(), RETRY_MS).unref()
  }

  #retry(): void {
    this.#retries = false
    this.flush()
    if (this.#waiting.length > 0) {
      this.#retryLater()
      return
    }
    const dropped = this.#dropped
    this.#dropped = 0
    if (dropped > 0) this.#onDropped(dropped)
  }
}
