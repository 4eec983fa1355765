import { formatCount } from '../../core/format-count.ts'
import type { Logger } from '../../core/logger.ts'
import type { Scaling } from '../../core/process-group.ts'

const LOOK_MS = 100
/** A request that waits for longer shows that workers are missing. */
const LONGEST_WAIT_MS = 50
/** It has to be so at several looks, because a burst is over before a worker has started. */
const LOOKS_BEFORE_GROWTH = 2
/** Parts of the time `idle` for which the need is remembered. */
const PARTS = 10

/** What the requests of a group need, and what there is. */
export interface Need {
  /** Workers that serve requests. */
  readonly active: number
  /** Those of them that have a request. */
  readonly busy: number
  /** Requests at the same time in each. */
  readonly perWorker: number
  /** Requests that run. */
  readonly running: number
  /** Requests in the queue. */
  readonly waiting: number
  /** `performance.now()` since when one waits; undefined when none does. */
  readonly waitingSince: number | undefined
  /** Requests that the group has had. */
  readonly taken: number
}

/** A group with as many workers as are wanted. */
export interface ScaledGroup {
  readonly need: Need
  /** Workers that are wanted. */
  readonly size: number
  resize(size: number): void
}

/** How an autoscaler decides, and what it tells. */
export interface AutoscalerOptions {
  /** Of the group. */
  readonly name: string
  readonly scaling: Scaling
  readonly logger: Logger
}

/**
 * Gives a group as many workers as its requests need: more while requests wait, fewer when those were not needed for a
 * while. Workers with a request are left alone.
 */
export class Autoscaler {
  readonly #group: ScaledGroup
  readonly #options: AutoscalerOptions
  /** Most requests at the same time, in each part of the time `idle`; the present one is the last. */
  readonly #needs = [0]
  #partAt = 0
  #taken = 0
  /** At the end of the last look. */
  #size = Infinity
  #lateLooks = 0
  #timer: NodeJS.Timeout | undefined

  constructor(group: ScaledGroup, options: AutoscalerOptions) {
    this.#group = group
    this.#options = options
  }

  start(): void {
    this.#partAt = performance.now()
    this.#timer ??= setInterval(() => this.look(performance.now()), LOOK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Decides for the present; `now` is `performance.now()`. */
  look(now: number): void {
    const { need } = this.#group
    this.#noteNeed(need, now)
    const waited = now - (need.waitingSince ?? now)
    const isLate = waited > LONGEST_WAIT_MS
    this.#lateLooks = isLate ? this.#lateLooks + 1 : 0
    if (this.#lateLooks >= LOOKS_BEFORE_GROWTH) this.#grow(need, waited)
    else if (!isLate) this.#shrink(need)
    this.#size = this.#group.size
  }

  /** At most to twice as many, and only when those are ready that were started before: their effect is not known yet. */
  #grow({ active, perWorker, waiting }: Need, waited: number): void {
    const { size } = this.#group
    if (active < size) return
    const missing = Math.min(Math.ceil(waiting / perWorker), Math.max(1, size))
    const wanted = Math.min(this.#options.scaling.max, size + missing)
    if (wanted <= size) return
    this.#lateLooks = 0
    this.#resize(wanted, `a request has waited for ${Math.round(waited)} ms`)
  }

  #shrink({ busy, perWorker }: Need): void {
    const { size } = this.#group
    const { min, idle } = this.#options.scaling
    if (this.#needs.length < PARTS) return
    const needed = Math.ceil(Math.max(...this.#needs) / perWorker)
    const wanted = Math.max(min, needed, busy)
    if (wanted >= size) return
    // Whoever wakes the group begins with one.
    if (wanted === 0 && size > 1) this.#group.resize(1)
    this.#resize(wanted, `no more were needed for ${idle / 1000} s`)
  }

  #resize(size: number, reason: string): void {
    const { name, logger } = this.#options
    const { size: before } = this.#group
    this.#group.resize(size)
    const workers = `${formatCount(size, 'worker')} instead of ${before}`
    const facts = { group: name, processes: size, before }
    logger.info(facts, `group ${name}: ${workers}, because ${reason}`)
  }

  #noteNeed({ running, waiting, taken, perWorker }: Need, now: number): void {
    if (now - this.#partAt >= this.#options.scaling.idle / PARTS) {
      this.#partAt = now
      this.#needs.push(0)
      if (this.#needs.length > PARTS + 1) this.#needs.shift()
    }
    // One that has come and gone since the last look was needed, too.
    const passed = taken === this.#taken ? 0 : 1
    this.#taken = taken
    // Workers that somebody else has asked for are wanted for a while, without requests, too.
    const asked = this.#group.size > this.#size ? this.#group.size * perWorker : 0
    const last = this.#needs.pop() ?? 0
    this.#needs.push(Math.max(last, running + waiting, passed, asked))
  }
}
