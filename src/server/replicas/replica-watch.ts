import { describeLate } from '../../backends/group/watch.ts'
import type { ServerPlan } from '../config/resolved.ts'
import type { Replica } from './replica.ts'

const SHORTEST_INTERVAL = 20
const LONGEST_INTERVAL = 500

/** Watches the time limits of replicas with one timer: how long they take to start, and how long they are silent. */
export class ReplicaWatch {
  readonly #startup: number
  readonly #silence: number
  readonly #interval: number
  readonly #replicas: () => Iterable<Replica>
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  #pingedAt = 0

  constructor(plan: ServerPlan, replicas: () => Iterable<Replica>) {
    this.#replicas = replicas
    this.#startup = longest(plan.groups.map(({ group }) => group.timeouts.startup))
    this.#silence = longest(plan.groups.map(({ group }) => group.timeouts.ping))
    const limits = [this.#startup, this.#silence].filter((ms) => ms > 0)
    const wanted = Math.min(LONGEST_INTERVAL * 4, ...limits) / 4
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
    // After a sleep of the machine, or a long pause of this process, silence is nobody's fault.
    const wasAway = now - this.#lookedAt > this.#interval * 2 + 1000
    this.#lookedAt = now
    const pings = this.#silence > 0 && now - this.#pingedAt > this.#silence / 3
    if (pings) this.#pingedAt = now
    for (const replica of this.#replicas()) {
      if (wasAway) replica.heardAt = now
      if (pings) replica.ping()
      if (replica.starting && this.#startup > 0 && now - replica.startedAt > this.#startup)
        replica.failStart(describeLate(this.#startup))
      if (replica.ready && this.#silence > 0) this.#lookAtSilence(replica, now)
    }
  }

  #lookAtSilence(replica: Replica, now: number): void {
    const silent = now - replica.heardAt
    if (silent <= this.#silence) return
    replica.declareUnfit(`was silent for ${Math.round(silent)} ms; it is ended`)
    void replica.abort()
  }
}

/** 0 stands for no limit at all. */
function longest(limits: readonly number[]): number {
  return limits.includes(0) ? 0 : Math.max(0, ...limits)
}
