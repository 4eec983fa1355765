import { formatCount } from '../core/format-count.ts'
import type { LogFields, Logger } from '../core/logger.ts'
import type { Upstream, UpstreamStatistics } from '../core/upstream.ts'

/** Logs how many requests a stop waits for, and what became of them; nothing if there are none. */
export class StopLog {
  readonly #logger: Logger
  readonly #upstreams: readonly Upstream[]
  #before: UpstreamStatistics | undefined

  constructor(logger: Logger, upstreams: readonly Upstream[]) {
    this.#logger = logger
    this.#upstreams = upstreams
  }

  /** The stop begins. Further calls have no effect. */
  tellBegin(): void {
    if (this.#before !== undefined) return
    this.#before = addUp(this.#upstreams)
    const { running, waiting } = this.#before
    if (running + waiting === 0) return
    const queued = waiting === 0 ? '' : `, ${waiting} of them in the queue`
    this.#tell(
      { running, waiting },
      `${formatCount(running + waiting, 'request')} to finish before its end${queued}`,
    )
  }

  /** The upstreams have stopped. */
  tellEnd(): void {
    if (this.#before === undefined) return
    const after = addUp(this.#upstreams)
    const failed = after.failed - this.#before.failed
    const finished = after.finished - this.#before.finished - failed
    if (finished + failed === 0) return
    const lost = failed === 0 ? '' : `, ${failed} refused or cut off`
    this.#tell(
      { finished, failed },
      `${formatCount(finished, 'request')} finished before its end${lost}`,
    )
  }

  /** Logs the pid, because a server with replicas stops several processes, also at a reload. */
  #tell(facts: LogFields, text: string): void {
    const { pid } = process
    this.#logger.info({ process: pid, ...facts }, `process ${pid}: ${text}`)
  }
}

function addUp(upstreams: readonly Upstream[]): UpstreamStatistics {
  const sum = { running: 0, waiting: 0, finished: 0, failed: 0 }
  for (const { statistics } of upstreams) {
    sum.running += statistics.running
    sum.waiting += statistics.waiting
    sum.finished += statistics.finished
    sum.failed += statistics.failed
  }
  return sum
}
