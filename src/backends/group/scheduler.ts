import type { Invocation } from '../../core/upstream.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { Failures } from '../link/failures.ts'
import { SpentTimes } from '../link/spent-times.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { Job } from './job-queue.ts'
import { JobQueue } from './job-queue.ts'
import { ServiceTimes } from './service-times.ts'
import { STREAM_LIMIT } from '../link/stream-link.ts'
import type { ThreadLink } from '../link/thread-link.ts'
import type { WorkerCapacity } from './worker-capacity.ts'

// A request with a larger body is not pipelined.
const PIPELINED_BODY_BYTES = 16 * 1024

type ScheduledOptions = 'applications' | 'queue' | 'concurrency' | 'threads' | 'isolation'

/**
 * Gives requests to event loops with capacity and to idle threads; others wait in order. Short requests are pipelined to a
 * busy thread, because waking another thread for each would cost more than the wait.
 */
export class Scheduler {
  readonly failures = new Failures()
  readonly times = new SpentTimes()
  readonly #serial: readonly boolean[]
  /** A process that serves a single request would keep the next one. */
  readonly #pipelines: boolean
  readonly #limit: number
  readonly #concurrency: number
  /** Whether each application is ASGI, as detected by the last worker. */
  readonly #asgi: boolean[]
  /** Of each worker; without any all applications run on event loops. */
  readonly #threads: number
  /** One for each application, then one for each interface that requests have asked for. */
  readonly #queues: JobQueue[]
  readonly #workers: WorkerCapacity[] = []
  readonly #serviceTimes: ServiceTimes
  #sequence = 0
  #uses = 0
  #closed = false
  #drainWaiters: (() => void)[] = []
  #onFull: ((full: boolean) => void) | undefined
  #full = false

  constructor(group: Pick<ProcessGroup, ScheduledOptions>) {
    const { applications, queue, concurrency, threads, isolation } = group
    this.#pipelines = isolation !== 'fresh'
    this.#serial = applications.map((application) => !application.multithread)
    this.#queues = applications.map((_, index) => new JobQueue(index))
    this.#limit = queue.limit
    this.#concurrency = Math.min(concurrency, STREAM_LIMIT)
    this.#asgi = applications.map((application) => application.interface === 'asgi')
    this.#threads = threads
    this.#serviceTimes = new ServiceTimes(applications.length)
  }

  /** Number of waiting requests, including those whose client has just disconnected. */
  get waiting(): number {
    let waiting = 0
    for (const queue of this.#queues) waiting += queue.length
    return waiting
  }

  /** Requests at the same time in each worker. */
  get perWorker(): number {
    if (this.#serial.every(Boolean)) return 1
    return this.#onlyLoops ? this.#concurrency : this.#threads
  }

  /** When the request began to wait that waits longest (`performance.now()`); undefined when none waits. */
  get waitingSince(): number | undefined {
    let since: number | undefined
    for (const queue of this.#queues) {
      const job = queue.peek()
      if (job !== undefined && !(job.since >= (since ?? Infinity))) since = job.since
    }
    return since
  }

  get capacity(): { idle: number; total: number } {
    let idle = 0
    let total = 0
    const onlyLoops = this.#onlyLoops
    for (const worker of this.#workers) {
      idle += onlyLoops ? this.#concurrency - worker.loop.active : worker.idle.length
      total += onlyLoops ? this.#concurrency : worker.links.length
    }
    return { idle, total }
  }

  /** `listener` is called when there is no more room, after each request that ends without making room, and when there is room again. */
  onFull(listener: (full: boolean) => void): void {
    this.#onFull = listener
    this.#noteRoom()
  }

  /** Whether the application is called as ASGI, as far as is known. */
  isAsgi(application: number, { interface: called }: Invocation): boolean {
    return called === undefined ? this.#asgi[application] === true : called === 'asgi'
  }

  /** Starts giving requests to a worker. */
  add(worker: WorkerCapacity): void {
    this.#workers.push(worker)
    worker.open = true
    worker.interfaces.forEach((found, index) => {
      this.#asgi[index] = found === 'asgi'
    })
    this.#fillLoop(worker)
    this.#fillThreads(worker)
    this.#noteRoom()
  }

  /** Stops giving requests to a worker. */
  remove(worker: WorkerCapacity): void {
    worker.open = false
    const at = this.#workers.indexOf(worker)
    if (at >= 0) this.#workers.splice(at, 1)
    this.#noteRoom()
    this.#settle()
  }

  /** No more workers will be added: waiting requests are refused when the present workers are idle. */
  close(): void {
    this.#closed = true
    this.#settle()
  }

  /** Resolves when no request waits or runs, after `close`. */
  async drained(): Promise<void> {
    if (this.#isDrained()) return
    await new Promise<void>((resolve) => this.#drainWaiters.push(resolve))
  }

  /** Stops giving requests to workers, and refuses those that wait. */
  stop(): void {
    this.#closed = true
    for (const worker of this.#workers.splice(0)) worker.open = false
    this.#settle()
  }

  /** Gives the exchange to a thread or an event loop, queues it, or refuses it if the queue is full. */
  submit(exchange: Exchange, invocation: Invocation, application: number): void {
    const request: PendingRequest = { exchange, invocation, application, body: undefined }
    if (this.#serveOnLoop(request) || this.#servePipelined(request)) return
    const worker = this.#chooseWorker(request)
    const link = worker?.idle.pop()
    if (worker !== undefined && link !== undefined) {
      this.#serve(worker, link, request)
      this.#noteRoom()
      return
    }
    if (this.waiting >= this.#limit) this.#removeGone()
    if (this.waiting >= this.#limit) this.failures.refuse(exchange, 'OVERLOADED')
    else {
      const sequence = ++this.#sequence
      const since = performance.now()
      const job: Job = { exchange, invocation, application, body: undefined, sequence, since }
      this.#findQueue(job).push(job)
      this.relieve()
      this.#settle()
    }
  }

  /** Accepts a request that a worker has not read; it goes before waiting ones. */
  resubmit(request: PendingRequest): void {
    if (this.#serveOnLoop(request)) return
    const worker = this.#chooseWorker(request)
    const link = worker?.idle.pop()
    if (worker !== undefined && link !== undefined) {
      this.#serve(worker, link, request)
      this.#noteRoom()
      return
    }
    const job: Job = { ...request, sequence: 0, since: performance.now() }
    this.#findQueue(job).unshift(job)
    this.#settle()
  }

  /** A thread has finished a request of `application`; if it is idle, it gets the oldest suitable request. */
  release(worker: WorkerCapacity, link: ThreadLink, application: number): void {
    if (link.took !== undefined) this.#serviceTimes.note(application, link.took)
    worker.serving[application] = false
    if (!link.busy) {
      const job = worker.open ? this.#nextJob(worker, false) : undefined
      if (job === undefined) worker.idle.push(link)
      else this.#serve(worker, link, job)
    }
    this.#topUp(worker, link)
    this.#noteRoom(true)
    this.#settle()
  }

  /** A stream of `application` is over. */
  releaseStream(worker: WorkerCapacity, application: number): void {
    worker.serving[application] = false
    this.#fillLoop(worker)
    this.#noteRoom(true)
    this.#settle()
  }

  /** Answers requests that have waited since before `since` (`performance.now()`), and removes those whose client disconnected. */
  expire(since: number): void {
    this.#removeGone()
    for (const queue of this.#queues)
      for (const job of queue.extract((job) => job.since < since))
        this.failures.answer(job.exchange, 'QUEUE_TIMEOUT')
  }

  /** Frees threads that wait for slow clients, if requests are waiting. */
  relieve(): void {
    if (this.waiting === 0) return
    for (const worker of this.#workers)
      for (const link of worker.links) if (link.paused) link.relieve()
  }

  /** Removes all waiting requests and passes them to `answer`. */
  refuse(answer: (exchange: Exchange) => void): void {
    for (const queue of this.#queues)
      for (const job of queue.extract(() => true)) answer(job.exchange)
  }

  /** Refuses waiting requests when no worker will serve them: after `close`, when all workers are idle. */
  #settle(): void {
    if (!this.#isDrained()) return
    this.refuse((exchange) => this.failures.refuse(exchange, 'STOPPING'))
    for (const resolve of this.#drainWaiters.splice(0)) resolve()
  }

  #isDrained(): boolean {
    return this.#closed && this.#workers.every((worker) => worker.busy === 0)
  }

  #findQueue({ application, invocation: { interface: called } }: PendingRequest): JobQueue {
    const queues = this.#queues
    const usual = called === undefined ? queues[application] : undefined
    if (usual !== undefined) return usual
    for (const queue of queues)
      if (queue.application === application && queue.called === called) return queue
    const queue = new JobQueue(application, called)
    queues.push(queue)
    return queue
  }

  #chooseWorker({ application, invocation }: PendingRequest): WorkerCapacity | undefined {
    const serial = this.#serial[application] === true
    let best: WorkerCapacity | undefined
    for (const worker of this.#workers) {
      const idle = worker.idle.length
      if (idle === 0 || worker.usesLoop(application, invocation.interface)) continue
      if (serial && worker.serving[application] === true) continue
      if (best === undefined || idle > best.idle.length) best = worker
      else if (idle === best.idle.length && worker.usedAt > best.usedAt) best = worker
    }
    return best
  }

  /** Gives a request to the event loop with the fewest requests, if the application runs on one that has capacity. */
  #serveOnLoop(request: PendingRequest): boolean {
    const { application, invocation } = request
    const called = invocation.interface
    const serial = this.#serial[application] === true
    let best: WorkerCapacity | undefined
    for (const worker of this.#workers) {
      if (!worker.usesLoop(application, called) || worker.loop.active >= this.#concurrency) continue
      if (serial && worker.serving[application] === true) continue
      if (best === undefined || worker.loop.active < best.loop.active) best = worker
    }
    if (best === undefined) return false
    this.#use(best, application)
    best.loop.serve(request)
    this.#noteRoom()
    return true
  }

  #fillLoop(worker: WorkerCapacity): void {
    while (worker.open && worker.loop.active < this.#concurrency && this.waiting > 0) {
      const job = this.#nextJob(worker, true)
      if (job === undefined) return
      this.#use(worker, job.application)
      worker.loop.serve(job)
    }
  }

  #fillThreads(worker: WorkerCapacity): void {
    while (worker.idle.length > 0) {
      const job = this.#nextJob(worker, false)
      const link = job && worker.idle.pop()
      if (job === undefined || link === undefined) return
      this.#serve(worker, link, job)
    }
  }

  #nextJob(worker: WorkerCapacity, onLoop: boolean): Job | undefined {
    const job = this.#peekJob(worker, onLoop)
    if (job !== undefined) this.#findQueue(job).shift()
    return job
  }

  #peekJob(worker: WorkerCapacity, onLoop: boolean): Job | undefined {
    let oldest: Job | undefined
    for (const queue of this.#queues) {
      const { application, called } = queue
      if (queue.length === 0 || worker.usesLoop(application, called) !== onLoop) continue
      if (this.#serial[application] === true && worker.serving[application] === true) continue
      const job = queue.peek()
      if (job !== undefined && (oldest === undefined || job.sequence < oldest.sequence))
        oldest = job
    }
    return oldest
  }

  #serve(worker: WorkerCapacity, link: ThreadLink, request: PendingRequest): void {
    this.#use(worker, request.application)
    worker.serve(link, request)
  }

  /** Pipelines a short request after other short ones, unless requests are waiting. */
  #servePipelined(request: PendingRequest): boolean {
    if (!this.#mayBePipelined(request) || this.waiting > 0) return false
    const worker = this.#chooseLeastLoaded()
    const { application, invocation } = request
    if (worker?.usesLoop(application, invocation.interface) === true) return false
    const link = worker?.latest
    if (worker === undefined || link === undefined || !this.#isShort(link.application)) return false
    worker.usedAt = ++this.#uses
    worker.servePipelined(link, request)
    return true
  }

  /** Pipelines waiting requests, too, as long as the oldest one is short. */
  #topUp(worker: WorkerCapacity, link: ThreadLink): void {
    while (worker.open && worker.takesQueued(link) && this.#isShort(link.application)) {
      const job = this.#peekJob(worker, false)
      if (job === undefined || !this.#mayBePipelined(job)) return
      this.#findQueue(job).shift()
      worker.servePipelined(link, job)
    }
  }

  #mayBePipelined({ application, exchange }: PendingRequest): boolean {
    const { body, webSocket } = exchange
    if (webSocket !== undefined) return false
    return this.#isShort(application) && body.complete && body.buffered <= PIPELINED_BODY_BYTES
  }

  #isShort(application: number): boolean {
    if (!this.#pipelines || this.#serial[application] === true) return false
    return this.#serviceTimes.isShort(application)
  }

  #chooseLeastLoaded(): WorkerCapacity | undefined {
    let best = this.#workers[0]
    if (best === undefined || this.#workers.length === 1) return best
    for (const worker of this.#workers) if (worker.requests < best.requests) best = worker
    return best
  }

  #use(worker: WorkerCapacity, application: number): void {
    worker.usedAt = ++this.#uses
    if (this.#serial[application] === true) worker.serving[application] = true
  }

  #noteRoom(finished = false): void {
    if (this.#onFull === undefined) return
    const full = this.#workers.length > 0 && !this.#hasRoom()
    if (full === this.#full && !(full && finished)) return
    this.#full = full
    this.#onFull(full)
  }

  #hasRoom(): boolean {
    const onlyLoops = this.#onlyLoops
    for (const worker of this.#workers)
      if (onlyLoops ? worker.loop.active < this.#concurrency : worker.idle.length > 0) return true
    return false
  }

  get #onlyLoops(): boolean {
    return this.#threads === 0 || this.#asgi.every(Boolean)
  }

  #removeGone(): void {
    for (const queue of this.#queues)
      if (queue.length > 0) queue.extract((job) => job.exchange.response.finished)
  }
}
