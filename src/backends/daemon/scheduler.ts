import { answerError } from '../../core/answer-error.ts'
import type { Application } from '../../core/application.ts'
import type { Invocation } from '../../core/backend.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Errand, Job } from './job-queue.ts'
import { JobQueue } from './job-queue.ts'
import type { ThreadLink } from './thread-link.ts'

/** The threads of one worker, as the scheduler sees them. */
export class WorkerSeats {
  readonly links: readonly ThreadLink[]
  /** The last one is the most recently used. */
  readonly idle: ThreadLink[]
  /** For each application, whether one of its requests is in this process; counted for those that allow only one. */
  readonly serving: boolean[] = []
  usedAt = 0
  /** The scheduler gives it requests. */
  open = false

  constructor(links: readonly ThreadLink[]) {
    this.links = links
    this.idle = links.toReversed()
  }

  /** Threads that have a request and can still finish it. */
  get busy(): number {
    let busy = 0
    for (const link of this.links) if (link.busy && !link.lost) busy++
    return busy
  }
}

/** Gives requests to idle threads, and lets them wait in order while there are none. */
export class Scheduler {
  readonly #serial: readonly boolean[]
  readonly #limit: number
  readonly #queues: readonly JobQueue[]
  readonly #workers: WorkerSeats[] = []
  #sequence = 0
  #uses = 0

  constructor(applications: readonly Application[], queueLimit: number) {
    this.#serial = applications.map((application) => !application.multithread)
    this.#queues = applications.map(() => new JobQueue())
    this.#limit = queueLimit
  }

  /** Requests that wait, those included whose client has just left. */
  get waiting(): number {
    let waiting = 0
    for (const queue of this.#queues) waiting += queue.length
    return waiting
  }

  get capacity(): { idle: number; total: number } {
    let idle = 0
    let total = 0
    for (const worker of this.#workers) {
      idle += worker.idle.length
      total += worker.links.length
    }
    return { idle, total }
  }

  /** Lets a worker take requests. */
  add(worker: WorkerSeats): void {
    this.#workers.push(worker)
    worker.open = true
    while (worker.idle.length > 0) {
      const job = this.#nextJob(worker)
      const link = job && worker.idle.pop()
      if (job === undefined || link === undefined) return
      this.#serve(worker, link, job)
    }
  }

  /** Gives a worker no more requests. */
  remove(worker: WorkerSeats): void {
    worker.open = false
    const at = this.#workers.indexOf(worker)
    if (at >= 0) this.#workers.splice(at, 1)
  }

  /** Hands the exchange to a thread now, or later, or answers that there is no room. */
  submit(exchange: Exchange, invocation: Invocation, application: number): void {
    const worker = this.#chooseWorker(application)
    const link = worker?.idle.pop()
    if (worker !== undefined && link !== undefined) {
      this.#use(worker, application)
      link.serve(exchange, invocation, application)
      return
    }
    if (this.waiting >= this.#limit) this.#removeGone()
    if (this.waiting >= this.#limit) answerError(exchange, 'OVERLOADED', ['Retry-After', '1'])
    else {
      const sequence = ++this.#sequence
      const since = performance.now()
      const job: Job = { exchange, invocation, application, body: undefined, sequence, since }
      this.#queues[application]?.push(job)
      this.relieve()
    }
  }

  /** Takes a request back that no thread has read; it goes before those that wait. */
  resubmit(errand: Errand): void {
    const worker = this.#chooseWorker(errand.application)
    const link = worker?.idle.pop()
    if (worker !== undefined && link !== undefined) this.#serve(worker, link, errand)
    else
      this.#queues[errand.application]?.unshift({
        ...errand,
        sequence: 0,
        since: performance.now(),
      })
  }

  /** A thread is free again; it gets the oldest request it may take. */
  release(worker: WorkerSeats, link: ThreadLink): void {
    worker.serving[link.application] = false
    const job = worker.open ? this.#nextJob(worker) : undefined
    if (job === undefined) worker.idle.push(link)
    else this.#serve(worker, link, job)
  }

  /** Answers requests that began to wait before `since` (`performance.now()`), and forgets those whose client left. */
  expire(since: number): void {
    this.#removeGone()
    for (const queue of this.#queues)
      for (const job of queue.extract((job) => job.since < since))
        answerError(job.exchange, 'QUEUE_TIMEOUT')
  }

  /** Frees threads that wait for slow clients while requests wait for threads. */
  relieve(): void {
    if (this.waiting === 0) return
    for (const worker of this.#workers)
      for (const link of worker.links) if (link.paused) link.relieve()
  }

  /** Answers all that wait. */
  refuse(answer: (exchange: Exchange) => void): void {
    for (const queue of this.#queues)
      for (const job of queue.extract(() => true)) answer(job.exchange)
  }

  #chooseWorker(application: number): WorkerSeats | undefined {
    const serial = this.#serial[application] === true
    let best: WorkerSeats | undefined
    for (const worker of this.#workers) {
      const idle = worker.idle.length
      if (idle === 0 || (serial && worker.serving[application] === true)) continue
      if (best === undefined || idle > best.idle.length) best = worker
      else if (idle === best.idle.length && worker.usedAt > best.usedAt) best = worker
    }
    return best
  }

  #nextJob(worker: WorkerSeats): Job | undefined {
    let oldest: Job | undefined
    for (let i = 0; i < this.#queues.length; i++) {
      const queue = this.#queues[i]
      if (queue === undefined || queue.length === 0) continue
      if (this.#serial[i] === true && worker.serving[i] === true) continue
      const job = queue.peek()
      if (job !== undefined && (oldest === undefined || job.sequence < oldest.sequence))
        oldest = job
    }
    if (oldest !== undefined) this.#queues[oldest.application]?.shift()
    return oldest
  }

  #serve(worker: WorkerSeats, link: ThreadLink, errand: Errand): void {
    const { exchange, invocation, application, body } = errand
    this.#use(worker, application)
    link.serve(exchange, invocation, application, body)
  }

  #use(worker: WorkerSeats, application: number): void {
    worker.usedAt = ++this.#uses
    if (this.#serial[application] === true) worker.serving[application] = true
  }

  #removeGone(): void {
    for (const queue of this.#queues)
      if (queue.length > 0) queue.extract((job) => job.exchange.response.finished)
  }
}

/** Answers an exchange that no worker can take now. */
export function refuseExchange(exchange: Exchange, code: ErrorCode, detail?: string): void {
  answerError(exchange, code, ['Retry-After', '1'], detail)
}
