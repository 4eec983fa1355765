import type { ProcessGroup } from '../../core/process-group.ts'
import type { Scheduler } from './scheduler.ts'
import type { Supervisor } from './supervisor.ts'
import type { Worker } from './worker.ts'

const SHORTEST_INTERVAL = 20
const LONGEST_INTERVAL = 500
// There may be thousands of streams: they are looked at so many times in their time limit.
const STREAM_LOOKS = 8
// An interrupted thread that is not free by then is in code that cannot be interrupted.
const INTERRUPT_GRACE_MS = 5000

/** Watches all time limits of a backend with one timer. */
export class Watch {
  readonly #group: ProcessGroup
  readonly #scheduler: Scheduler
  readonly #supervisor: Supervisor
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  #pings = 0
  #pingedAt = 0
  #streamsAt = 0

  constructor(group: ProcessGroup, scheduler: Scheduler, supervisor: Supervisor) {
    this.#group = group
    this.#scheduler = scheduler
    this.#supervisor = supervisor
    const limits = [group.queue.timeout, ...Object.values(group.timeouts)].filter((ms) => ms > 0)
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
    const { queue, timeouts } = this.#group
    // After a sleep of the machine, or a long pause of this process, silence is nobody's fault.
    const wasAway = now - this.#lookedAt > this.#interval * 2 + 1000
    this.#lookedAt = now
    this.#scheduler.expire(queue.timeout > 0 ? now - queue.timeout : -Infinity)
    this.#scheduler.relieve()
    const pings = timeouts.ping > 0 && now - this.#pingedAt > timeouts.ping / 3
    if (pings) this.#pingedAt = now
    const streams = timeouts.request > 0 && now - this.#streamsAt >= timeouts.request / STREAM_LOOKS
    if (streams) this.#streamsAt = now
    for (const worker of this.#supervisor.workers) {
      if (wasAway) worker.heardAt = now
      if (pings) worker.ping(++this.#pings)
      this.#lookAt(worker, now)
      if (streams && worker.ready) this.#lookAtStreams(worker, now)
    }
  }

  #lookAt(worker: Worker, now: number): void {
    const { timeouts } = this.#group
    if (worker.starting && timeouts.startup > 0 && now - worker.startedAt > timeouts.startup)
      worker.failStart(describeLate(timeouts.startup))
    if (!worker.ready) return
    if (timeouts.ping > 0 && now - worker.heardAt > timeouts.ping) {
      worker.declareUnfit(`was silent for ${Math.round(now - worker.heardAt)} ms; it is ended`)
      void worker.abort()
      return
    }
    if (timeouts.request > 0) this.#lookAtThreads(worker, now)
  }

  #lookAtStreams(worker: Worker, now: number): void {
    const { loop } = worker.seats
    const stuck = loop.expire(now, this.#group.timeouts.request, now - INTERRUPT_GRACE_MS)
    if (stuck !== undefined)
      worker.declareUnfit(`has an event loop that does not end request ${stuck.id}`)
  }

  #lookAtThreads(worker: Worker, now: number): void {
    for (const link of worker.seats.links) {
      if (!link.busy) continue
      if (link.interruptedAt > 0) {
        if (now - link.interruptedAt > INTERRUPT_GRACE_MS)
          worker.declareUnfit(`has a thread that does not end request ${link.requestId}`)
      } else if (link.clock.worked(now) > this.#group.timeouts.request) worker.interrupt(link)
    }
  }
}

/** Why a worker that does not become ready is ended, for people. */
export function describeLate(limit: number): string {
  return `it was not ready within ${limit} ms (timeouts.startup)`
}
