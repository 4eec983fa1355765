import type { ProcessGroup } from '../../core/process-group.ts'
import { HealthCheck } from '../../processes/health-check.ts'
import { nameLimits } from './name-limits.ts'
import type { Scheduler } from './scheduler.ts'
import type { Supervisor } from './supervisor.ts'
import type { Worker } from './worker.ts'

// There may be thousands of streams, so they are checked only so often during their time limit.
const STREAM_LOOKS = 8

/** Enforces the time limits of a process group. */
export class RequestTimeouts {
  readonly #group: ProcessGroup
  readonly #scheduler: Scheduler
  readonly #healthCheck: HealthCheck<Worker>
  #streamsAt = 0
  #looksAtStreams = false

  constructor(group: ProcessGroup, scheduler: Scheduler, supervisor: Supervisor) {
    this.#group = group
    this.#scheduler = scheduler
    this.#healthCheck = new HealthCheck({
      ...nameLimits(group),
      limits: [
        group.queue.timeout,
        group.interruptTimeout,
        group.restartInterval,
        ...Object.values(group.timeouts),
      ],
      members: () => supervisor.members,
      onCheck: (now) => this.#beginRound(now),
      onHealthy: (worker, now) => {
        worker.lookAtLimits(now)
        this.#lookAtRequests(worker, now)
      },
    })
  }

  start(): void {
    this.#healthCheck.start()
  }

  stop(): void {
    this.#healthCheck.stop()
  }

  #beginRound(now: number): void {
    const { queue, timeouts } = this.#group
    this.#scheduler.expire(queue.timeout > 0 ? now - queue.timeout : -Infinity)
    this.#scheduler.relieve()
    this.#looksAtStreams = now - this.#streamsAt >= timeouts.request / STREAM_LOOKS
    if (this.#looksAtStreams) this.#streamsAt = now
  }

  #lookAtRequests(worker: Worker, now: number): void {
    if (this.#group.timeouts.request === 0) return
    this.#lookAtThreads(worker, now)
    if (this.#looksAtStreams) this.#lookAtStreams(worker, now)
  }

  #lookAtStreams(worker: Worker, now: number): void {
    const { loop } = worker.capacity
    const { timeouts, interruptTimeout } = this.#group
    const stuck = loop.expire(now, timeouts.request, now - interruptTimeout)
    if (stuck === undefined) return
    // Other requests may be stuck there, too.
    worker.declareUnhealthy(worker.describeStuck('an event loop', stuck))
    worker.noteStuck()
  }

  #lookAtThreads(worker: Worker, now: number): void {
    const { timeouts, interruptTimeout } = this.#group
    for (const link of worker.capacity.links) {
      if (!link.busy) continue
      if (link.interruptedAt > 0) {
        if (now - link.interruptedAt <= interruptTimeout) continue
        link.stuck = true
        if (link.facts !== undefined)
          worker.declareDue(worker.describeStuck('a thread', link.facts))
        worker.noteStuck()
      } else if (link.clock.worked(now) > timeouts.request) worker.interrupt(link)
    }
  }
}
