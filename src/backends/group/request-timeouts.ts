import type { ProcessGroup } from '../../core/process-group.ts'
import { HealthCheck } from '../../processes/health-check.ts'
import type { Scheduler } from './scheduler.ts'
import type { Supervisor } from './supervisor.ts'
import type { Worker } from './worker.ts'

// There may be thousands of streams, so they are checked only so often during their time limit.
const STREAM_LOOKS = 8
// A thread that is still busy so long after an interrupt runs code that cannot be interrupted.
const INTERRUPT_GRACE_MS = 5000

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
    const { startup, ping } = group.timeouts
    this.#healthCheck = new HealthCheck({
      startup,
      ping,
      limits: [group.queue.timeout, ...Object.values(group.timeouts)],
      members: () => supervisor.members,
      onCheck: (now) => this.#beginRound(now),
      onHealthy: (worker, now) => this.#lookAtRequests(worker, now),
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
    const stuck = loop.expire(now, this.#group.timeouts.request, now - INTERRUPT_GRACE_MS)
    if (stuck !== undefined)
      worker.declareUnhealthy(`has an event loop that does not end request ${stuck.id}`)
  }

  #lookAtThreads(worker: Worker, now: number): void {
    for (const link of worker.capacity.links) {
      if (!link.busy) continue
      if (link.interruptedAt > 0) {
        if (now - link.interruptedAt > INTERRUPT_GRACE_MS)
          worker.declareUnhealthy(`has a thread that does not end request ${link.requestId}`)
      } else if (link.clock.worked(now) > this.#group.timeouts.request) worker.interrupt(link)
    }
  }
}
