import { MESSAGE_COST } from '../../core/message-cost.ts'

/** Receives messages. */
export type MessageListener = (data: Buffer, isText: boolean) => void

interface Message {
  readonly data: Buffer
  readonly isText: boolean
}

const READ_AHEAD_BYTES = 65_536

/** Messages read before they were requested. Some are read, so that pings between them are seen; then the client gets backpressure. */
export class ReadAhead {
  onMessage: MessageListener | undefined
  #queue: Message[] = []
  #held = 0
  #credit = 0
  #delivering = false

  /** Reading should pause. */
  get full(): boolean {
    return this.#held >= READ_AHEAD_BYTES
  }

  push(data: Buffer, isText: boolean): void {
    this.#queue.push({ data, isText })
    this.#held += data.length + MESSAGE_COST
    this.#deliver()
  }

  request(bytes: number): void {
    this.#credit += bytes
    this.#deliver()
  }

  /** Delivers the rest, because nothing will follow. */
  flush(): void {
    this.#credit = Number.POSITIVE_INFINITY
    this.#deliver()
  }

  discard(): void {
    this.#queue = []
    this.#held = 0
  }

  #deliver(): void {
    if (this.#delivering || this.onMessage === undefined) return
    this.#delivering = true
    while (this.#credit > 0) {
      const message = this.#queue.shift()
      if (message === undefined) break
      this.#held -= message.data.length + MESSAGE_COST
      this.#credit -= message.data.length + MESSAGE_COST
      this.onMessage(message.data, message.isText)
    }
    this.#delivering = false
  }
}
