import type { NamedLimit } from '../core/time-limit.ts'
import type { Cause } from './cause.ts'

const SHORTEST_INTERVAL = 20
const LONGEST_INTERVAL = 500

/** A process as its health check sees it. */
export interface Checked {
  /** It serves requests and has not been asked to stop. */
  readonly ready: boolean
  /** It is still loading its applications. */
  readonly starting: boolean
  /** `performance.now()` of its start, or of the last progress it made in starting. */
  readonly progressedAt: number
  /** Somebody looks into it with a debugger, so that no time limit counts. */
  readonly held?: boolean
  /** `performance.now()` of its last message. */
  heardAt: number
  /** Asks for a reply. */
  ping(): void
  /** Ends a process that did not become ready, and reports it. */
  failStart(summary: string): void
  /** Marks it for replacement. */
  declareUnhealthy(cause: Cause): void
  /** Kills a process that does not answer; may be called again until it has ended. */
  abort(): void
}

/** What to check. Times are in ms; 0: no limit. */
export interface HealthCheckOptions<M extends Checked> {
  /** Longest time without progress from start to ready. */
  readonly startup: NamedLimit
  /** Longest time without a message; undefined: no limit. */
  readonly ping?: NamedLimit | undefined
  /** Other limits checked by `onCheck` and `onHealthy`; they shorten the interval of the rounds. */
  readonly limits?: readonly number[]
  readonly members: () => Iterable<M>
  /** Called at the start of each round. */
  readonly onCheck?: (now: number) => void
  /** Called in each round for each ready member that has replied in time. */
  readonly onHealthy?: (member: M, now: number) => void
}

/** Checks all members with one timer: the time they take to start, and the time since their last message. */
export class HealthCheck<M extends Checked> {
  readonly #options: HealthCheckOptions<M>
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  #pingedAt = 0

  constructor(options: HealthCheckOptions<M>) {
    this.#options = options
    const { startup, ping, limits = [] } = options
    const set = [startup.ms, ping?.ms ?? 0, ...limits].filter((ms) => ms > 0)
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
    const { startup, ping, members, onCheck, onHealthy } = this.#options
    // After a suspend of the machine or a long pause of this process, replies may still be unread.
    const wasSuspended = now - this.#lookedAt > this.#interval * 2 + 1000
    this.#lookedAt = now
    onCheck?.(now)
    // Without a limit replies may still count as progress of a start.
    const limit = ping === undefined || ping.ms === 0 ? startup.ms : ping.ms
    const pings = limit > 0 && now - this.#pingedAt > limit / 3
    if (pings) this.#pingedAt = now
    for (const member of members()) {
      if (wasSuspended || member.held === true) member.heardAt = now
      if (member.held === true) continue
      if (pings) member.ping()
      if (this.#isHealthy(member, now)) onHealthy?.(member, now)
    }
  }

  /** Whether a member is ready and has replied in time. Ends it when it starts too slowly or is silent for too long. */
  #isHealthy(member: M, now: number): boolean {
    const { startup, ping } = this.#options
    if (member.starting && startup.ms > 0 && now - member.progressedAt > startup.ms)
      member.failStart(`it was not ready within ${startup.ms} ms (${startup.name})`)
    if (!member.ready) return false
    const silent = now - member.heardAt
    if (ping === undefined || ping.ms === 0 || silent <= ping.ms) return true
    member.declareUnhealthy({
      reason: 'deadlock',
      text: `sent nothing for ${Math.round(silent)} ms (${ping.name})`,
    })
    member.abort()
    return false
  }
}
