/** A connection that can be used again. */
export interface KeptConnection {
  /** Requests that it had. */
  readonly uses: number
  /** When it was used last. */
  readonly idleSince: number
  close(): void
}

const IDLE_MS = 10_000
const TICK_MS = 50
/** A connection that is still open after so long is kept open by the other side, too. */
const TRIAL_MS = 20
/** How long it is believed that the other side closes its connections. */
const DISTRUST_MS = 60_000

/** Idle connections to an address. */
export class KeptConnections<Connection extends KeptConnection> {
  /** The one that was used last is the last one, and is used first. */
  readonly #idle: Connection[] = []
  readonly #countStarving: (now: number) => number
  #timer: NodeJS.Timeout | undefined
  #areKept = false
  #distrustedUntil = 0

  /** `countStarving` tells how many new connections may wait for one of these to be closed. */
  constructor(countStarving: (now: number) => number) {
    this.#countStarving = countStarving
  }

  /**
   * A connection to use again. Some servers close theirs after each answer, whatever they were asked for, and a request that
   * meets that is lost: until one was seen to stay open, none is used at once.
   */
  take(): Connection | undefined {
    const [oldest] = this.#idle
    if (oldest === undefined) return undefined
    if (this.#areKept) return this.#idle.pop()
    if (performance.now() - oldest.idleSince < TRIAL_MS) return undefined
    this.#areKept = true
    return this.#idle.shift()
  }

  /** Takes a connection after its request, or closes it. */
  keep(connection: Connection): void {
    const now = performance.now()
    if (now < this.#distrustedUntil || this.#countStarving(now) > 0) {
      connection.close()
      return
    }
    this.#idle.push(connection)
    this.#timer ??= setInterval(() => this.#look(), TICK_MS).unref()
  }

  /** The other side has closed an idle connection. */
  forget(connection: Connection): void {
    const at = this.#idle.indexOf(connection)
    if (at === -1) return
    this.#idle.splice(at, 1)
    const now = performance.now()
    const isQuick = connection.uses === 1 && now - connection.idleSince < TRIAL_MS
    if (!this.#areKept || isQuick) this.distrust()
  }

  /** The other side does not take a second request on a connection: for a time none is kept. */
  distrust(): void {
    this.#areKept = false
    this.#distrustedUntil = performance.now() + DISTRUST_MS
  }

  /**
   * Closes those beyond `most`. Until one was seen to stay open the oldest one is not counted, or under load none would ever
   * be old enough.
   */
  limit(most: number): void {
    while (this.#areKept && this.#idle.length > Math.max(0, most)) this.#closeOne()
    while (!this.#areKept && this.#idle.length > Math.max(1, most)) this.#idle.pop()?.close()
  }

  /** Closes the one that was not used for the longest time. */
  #closeOne(): void {
    this.#idle.shift()?.close()
  }

  closeAll(): void {
    while (this.#idle.length > 0) this.#closeOne()
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /**
   * Closes what is idle for long, and at once what may keep others waiting: a process that serves one connection at a time,
   * such as a child of php-fpm, accepts no other one while it waits for the next request of a kept one.
   */
  #look(): void {
    const now = performance.now()
    for (let starving = this.#countStarving(now); starving > 0; starving -= 1) this.#closeOne()
    while (now - (this.#idle[0]?.idleSince ?? now) > IDLE_MS) this.#closeOne()
    if (this.#idle.length === 0) this.closeAll()
  }
}
