import type { Backend } from '../core/backend.ts'
import type { Logger } from '../core/logger.ts'
import { createCronPattern, type CronPattern } from './config/cron-pattern.ts'
import type { CronJob } from './config/resolved.ts'

// The clock may be set, and the machine may sleep, so times are compared again and again.
const LOOK_MS = 1000

/** What jobs are started with. */
export interface CronOptions {
  readonly jobs: readonly CronJob[]
  readonly backends: ReadonlyMap<string, Pick<Backend, 'size' | 'resize'>>
  readonly logger: Logger
}

/** Starts jobs when they are due. One that still runs is not started a second time. */
export class CronJobs {
  readonly #options: CronOptions
  readonly #due: { readonly job: CronJob; readonly pattern: CronPattern; at: number }[]
  #timer: NodeJS.Timeout | undefined

  constructor(options: CronOptions) {
    this.#options = options
    this.#due = options.jobs.map((job) => {
      const pattern = createCronPattern(job.schedule)
      return { job, pattern, at: findNext(pattern) }
    })
  }

  start(): void {
    if (this.#due.length > 0) this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const now = Date.now()
    for (const one of this.#due) {
      const next = findNext(one.pattern)
      // Times that were missed while the machine slept are one.
      if (now >= one.at) this.#run(one.job)
      one.at = next
    }
  }

  #run({ group }: CronJob): void {
    const { backends, logger } = this.#options
    const backend = backends.get(group)
    if (backend === undefined) return
    if (backend.size === 0) backend.resize(1)
    else logger.warn({ group }, `${group} is due, but still runs: it is not started again`)
  }
}

/** When a pattern is due next, in ms since 1970; Infinity: never. */
function findNext(pattern: CronPattern): number {
  return pattern.nextRun()?.getTime() ?? Infinity
}
