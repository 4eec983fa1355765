import type { Logger } from '../../core/logger.ts'

const SHORTEST_LOOK_MS = 20
const LONGEST_LOOK_MS = 500

/** A group that may rest. */
export interface RestingGroup {
  readonly need: {
    /** Requests that it has had. */
    readonly taken: number
    /** Workers that have a request. */
    readonly busy: number
    readonly waiting: number
  }
  /** Workers that are wanted. */
  readonly size: number
  /** Ends its workers; the next request starts them. */
  rest(): void
}

/** How long a group may have no requests. */
export interface InactivityOptions {
  /** Of the group. */
  readonly name: string
  /** In ms. */
  readonly limit: number
  readonly logger: Logger
}

/** Lets a group rest that has had requests, and has none for a while. */
export class Inactivity {
  readonly #group: RestingGroup
  readonly #options: InactivityOptions
  #taken = 0
  /** `performance.now()` of the last activity; undefined until the first request. */
  #activeAt: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(group: RestingGroup, options: InactivityOptions) {
    this.#group = group
    this.#options = options
  }

  start(): void {
    const wanted = Math.min(LONGEST_LOOK_MS, this.#options.limit / 4)
    const interval = Math.max(SHORTEST_LOOK_MS, wanted)
    this.#timer ??= setInterval(() => this.#look(performance.now()), interval).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(now: number): void {
    const { need, size } = this.#group
    const { taken, busy, waiting } = need
    if (taken !== this.#taken || busy + waiting > 0) {
      this.#taken = taken
      this.#activeAt = now
    }
    if (this.#activeAt === undefined || size === 0) return
    const idle = now - this.#activeAt
    if (idle <= this.#options.limit) return
    this.#activeAt = undefined
    this.#tell(Math.round(idle), size)
    this.#group.rest()
  }

  #tell(idle: number, workers: number): void {
    const { name, logger } = this.#options
    logger.info(
      { group: name, reason: 'inactivity', idle, workers },
      `group ${name} had no requests for ${idle} ms (inactivityTimeout): its workers end, and the next request starts them`,
    )
  }
}
