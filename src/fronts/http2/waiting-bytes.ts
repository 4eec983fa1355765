/** Bytes that wait in one connection from which its streams are held back, even those that have little. */
const CONNECTION_BYTES = 1 << 20
/** The same from which a connection gets no further streams. */
const REFUSING_BYTES = 4 << 20
/** The most that may wait in all connections together. */
const TOTAL_BYTES = 256 << 20

/** What waits in a connection, as the others see it. */
export interface Waiting {
  readonly bytes: number
  /** More waits than there is room for, and most of it here. */
  giveUp(): void
}

/**
 * Bytes that wait because a client does not take them, or because an application does not read them. Clients can close the
 * window of each of many streams, so a bound for each stream alone is none.
 */
export class WaitingBytes {
  readonly #connections = new Set<Waiting>()
  readonly #most: number
  #total = 0

  constructor(most: number = TOTAL_BYTES) {
    this.#most = most
  }

  /** Begins to count for a connection. */
  open(waiting: Waiting): void {
    this.#connections.add(waiting)
  }

  /** The connection is over, with whatever waits in it. */
  close(waiting: Waiting): void {
    if (this.#connections.delete(waiting)) this.#total -= waiting.bytes
  }

  /** The bytes of a connection have changed by so many. */
  add(bytes: number): void {
    this.#total += bytes
    if (bytes > 0 && this.#total > this.#most) this.#relieve()
  }

  #relieve(): void {
    let largest: Waiting | undefined
    for (const one of this.#connections)
      if (largest === undefined || one.bytes > largest.bytes) largest = one
    largest?.giveUp()
  }
}

/** Whether so much waits in a connection that its streams are held back. */
export function isCrowded(bytes: number): boolean {
  return bytes >= CONNECTION_BYTES
}

/** Whether so much waits in a connection that it gets no further streams. */
export function isFull(bytes: number): boolean {
  return bytes >= REFUSING_BYTES
}
