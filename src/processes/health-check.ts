const SHORTEST_INTERVAL = 20
const LONGEST_INTERVAL = 500

/** A worker, or what stands for one, as seen by the one who looks after it. */
export interface Checked {
  /** It can work and has not been asked to end. */
  readonly ready: boolean
  /** It still loads the applications. */
  readonly starting: boolean
  /** `performance.now()` */
  readonly startedAt: number
  /** When it was last heard of. */
  heardAt: number
  /** Asks for a sign of life. */
  ping(): void
  /** Ends one that never became ready, and says so. */
  failStart(summary: string): void
  /** Marks it as one that must be replaced. */
  declareUnfit(reason: string): void
  /** Ends one that does not answer; called again while it has not ended. */
  abort(): void
}

/** Whom to look after, and how. Times are in ms, and 0 sets no limit. */
export interface HealthCheckOptions<M extends Checked> {
  /** How long a member may take to become ready. */
  readonly startup: number
  /** How long one may be silent. */
  readonly ping: number
  /** Further limits that are looked after in the same rounds. */
  readonly limits?: readonly number[]
  readonly members: () => Iterable<M>
  /** Called at the beginning of each round. */
  readonly onRound?: (now: number) => void
  /** Called in each round for each member that is ready and has been heard of in time. */
  readonly onWell?: (member: M, now: number) => void
}

/** Looks after members with one timer: how long they take to start, how long they are silent, and what else there is. */
export class HealthCheck<M extends Checked> {
  readonly #options: HealthCheckOptions<M>
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  #pingedAt = 0

  constructor(options: HealthCheckOptions<M>) {
    this.#options = options
    const { startup, ping, limits = [] } = options
    const set = [startup, ping, ...limits].filter((ms) => ms > 0)
    const wanted = Math.min(LONGEST_INTERVAL * 4, ...set) / 4
    this.#interval = Math.max(SHORTEST_INTERVAL, Math.round(wanted))
  }

  start(): void {
    this.#lookedAt = performance.now()
    this.#timer ??= setInterval(() => this.#look(), this.#interval).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const now = performance.now()
    const { ping, members, onRound, onWell } = this.#options
    // After a sleep of the machine, or a long pause of this process, silence is nobody's fault.
    const wasAway = now - this.#lookedAt > this.#interval * 2 + 1000
    this.#lookedAt = now
    onRound?.(now)
    const pings = ping > 0 && now - this.#pingedAt > ping / 3
    if (pings) this.#pingedAt = now
    for (const member of members()) {
      if (wasAway) member.heardAt = now
      if (pings) member.ping()
      if (this.#isWell(member, now)) onWell?.(member, now)
    }
  }

  /** Ends a member that takes too long to start or to give a sign of life. */
  #isWell(member: M, now: number): boolean {
    const { startup, ping } = this.#options
    if (member.starting && startup > 0 && now - member.startedAt > startup)
      member.failStart(`it was not ready within ${startup} ms (timeouts.startup)`)
    if (!member.ready) return false
    const silent = now - member.heardAt
    if (ping === 0 || silent <= ping) return true
    member.declareUnfit(`was silent for ${Math.round(silent)} ms; it is ended`)
    member.abort()
    return false
  }
}
