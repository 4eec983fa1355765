/**
 * What a connection is waiting for. For WebSockets, `ping` is the time until the next ping, `close` the wait for the
 * client's close.
 */
export type Wait = 'header' | 'body' | 'idle' | 'ping' | 'pong' | 'close' | 'none'

/** Longest time for each wait, in ms; 0: no limit. */
export interface Deadlines extends Readonly<Record<Exclude<Wait, 'none'>, number>> {
  /** Longest time in which the client accepts no byte of a response. */
  readonly send: number
}

/** A connection as the sweep sees it. */
export interface Watched {
  readonly wait: Wait
  /** Changes when the present wait starts again. */
  readonly activity: number
  /** Response bytes are pending. */
  readonly sending: boolean
  /** Changes when the client has accepted bytes. */
  readonly sent: number
  /** Called when a wait took too long. */
  expire(wait: Wait | 'send'): void
  /** What of it has deadlines of its own, such as the streams of HTTP/2. */
  readonly parts?: Iterable<Watched>
}

interface Mark {
  wait: Wait
  activity: number
  since: number
  sent: number
  sendingSince: number
}

const MIN_INTERVAL_MS = 10
const MAX_INTERVAL_MS = 1000

/**
 * Checks the waits of all connections regularly and ends those that take too long, at most a quarter of the timeout late.
 * One timer serves all connections, so a request needs none of its own.
 */
export class DeadlineSweep {
  readonly #timeouts: Deadlines
  readonly #watched: Iterable<Watched>
  readonly #marks = new WeakMap<Watched, Mark>()
  #timer: NodeJS.Timeout | undefined
  #clock = 0
  #looked = 0

  constructor(timeouts: Deadlines, watched: Iterable<Watched>) {
    this.#timeouts = timeouts
    this.#watched = watched
  }

  start(): void {
    const { header, body, idle, send, ping, pong, close } = this.#timeouts
    const times = [header, body, idle, send, ping, pong, close]
    const shortest = Math.min(...times.filter((time) => time > 0))
    if (!Number.isFinite(shortest)) return
    const interval = Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, shortest / 8))
    this.#looked = performance.now()
    this.#timer = setInterval(() => this.#sweep(interval * 2), interval).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Advances the clock by `most` ms at most, so that clients are not blamed for a pause of this process. */
  #sweep(most: number): void {
    const now = performance.now()
    this.#clock += Math.min(most, now - this.#looked)
    this.#looked = now
    for (const watched of this.#watched) {
      this.#check(watched, this.#clock)
      if (watched.parts === undefined) continue
      for (const part of watched.parts) this.#check(part, this.#clock)
    }
  }

  #check(watched: Watched, now: number): void {
    const mark = this.#marks.get(watched)
    if (mark === undefined) {
      const { wait, activity, sent } = watched
      this.#marks.set(watched, { wait, activity, since: now, sent, sendingSince: now })
      return
    }
    if (mark.wait !== watched.wait || mark.activity !== watched.activity) {
      mark.wait = watched.wait
      mark.activity = watched.activity
      mark.since = now
    }
    if (!watched.sending || mark.sent !== watched.sent) {
      mark.sent = watched.sent
      mark.sendingSince = now
    }
    if (isOver(this.#timeouts.send, now - mark.sendingSince)) watched.expire('send')
    else if (mark.wait !== 'none' && isOver(this.#timeouts[mark.wait], now - mark.since))
      watched.expire(mark.wait)
  }
}

function isOver(timeout: number, elapsed: number): boolean {
  return timeout > 0 && elapsed >= timeout
}
