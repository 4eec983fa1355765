import { answerError, RETRY_SOON } from '../../core/answer-error.ts'
import { ERRORS, TaipanError, type ErrorCode, type ErrorFacts } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { toLimit } from '../../core/time-limit.ts'
import type { Invocation, Upstream, UpstreamStatistics } from '../../core/upstream.ts'
import { endsWithin } from '../../core/ends-within.ts'
import type { AttemptEnd } from './address-client.ts'
import { AddressSet } from './address-set.ts'
import { createFailure, logFailure, type AttemptFailure } from './attempt-failure.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { GatewayJob } from './gateway-job.ts'
import type { GatewayOptions } from './gateway-options.ts'
import { HealthCheck, type HealthCheckOptions } from './health-check.ts'
import { findOverdue, forsake, Ticker } from './job-times.ts'
import { waitForLength } from './known-length.ts'
import { openFiltered } from './open-filtered.ts'
import { WaitingJobs } from './waiting-jobs.ts'

/** Bytes of a body that are worth waiting for, so that slow clients occupy no connection. */
const GATHERED_BYTES = 64 * 1024
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/** Answers by other servers: one or several addresses that do the same. */
export class GatewayUpstream implements Upstream {
  readonly #options: GatewayOptions
  readonly #addresses: AddressSet
  readonly #ticker: Ticker
  readonly #health: HealthCheck | undefined
  readonly #running = new Set<GatewayJob>()
  readonly #waiting: WaitingJobs
  #failure: TaipanError | undefined
  #stopping = false
  #finished = 0
  #failed = 0
  #onIdle: (() => void) | undefined

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#addresses = new AddressSet(options.balance)
    this.#waiting = new WaitingJobs({
      ...options.queue,
      choose: (job, now) => this.#addresses.choose(job, now),
      send: (job, address) => this.#send(job, address),
      arePicky: typeof options.balance === 'object',
    })
    const limits = [...Object.values(options.timeouts), options.queue.timeout]
    this.#ticker = new Ticker(limits, () => this.#look())
    this.#health = options.health && this.#createHealthCheck(options.health)
  }

  get failure(): TaipanError | undefined {
    return this.#failure
  }

  get capacity(): { readonly idle: number; readonly total: number } {
    let total = 0
    for (const { client } of this.#addresses.all) total += client.slots
    return { idle: Math.max(0, total - this.#running.size), total }
  }

  get statistics(): UpstreamStatistics {
    return {
      running: this.#running.size,
      waiting: this.#waiting.length,
      finished: this.#finished,
      failed: this.#failed,
    }
  }

  gatheredBytes(): number {
    return GATHERED_BYTES
  }

  /** Requests may go to this address from now on. */
  add(address: GatewayAddress): void {
    this.#failure = undefined
    this.#addresses.add(address)
    this.#fill()
  }

  /** No more requests go to this address; those that it has may end. */
  remove(address: GatewayAddress): void {
    this.#addresses.remove(address)
    address.client.close()
  }

  /** There will be no address for now: requests are refused until one is added. */
  fail(error: TaipanError): void {
    this.#failure = error
    for (const job of this.#waiting.takeAll()) this.#refuse(job, error.code)
  }

  start(): Promise<void> {
    this.#stopping = false
    this.#health?.start()
    return Promise.resolve()
  }

  run(exchange: Exchange, invocation: Invocation): void {
    const { unknownLength, filters } = this.#options
    const isSized = exchange.body.length !== undefined || unknownLength === 'stream'
    const job = new GatewayJob({ exchange, invocation, body: exchange.body }, this.#onEnd)
    if (this.#refusal !== undefined) this.#refuse(job, this.#refusal)
    else if (isSized && !filters) this.#admit(job)
    else void this.#prepare(job)
  }

  async stop(waited = 0): Promise<void> {
    this.#stopping = true
    this.#health?.stop()
    for (const job of this.#waiting.takeAll()) this.#refuse(job, 'STOPPING')
    await this.#finishRunning(waited)
    this.#ticker.stop()
    for (const { client } of this.#addresses.all) client.close()
  }

  #createHealthCheck(options: HealthCheckOptions): HealthCheck {
    const { logger } = this.#options
    return new HealthCheck({
      ...options,
      addresses: () => this.#addresses.all,
      onNews: ({ name: upstream }, problem) => {
        if (problem === undefined) logger.info({ upstream }, `${upstream} is healthy again`)
        else logger.warn({ upstream, reason: problem }, `${upstream} is not healthy: ${problem}`)
      },
    })
  }

  async #finishRunning(waited: number): Promise<void> {
    if (this.#running.size === 0) return
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
    const patience = Math.max(0, toLimit(this.#options.shutdownTimeout) - waited)
    if (!(await endsWithin(idle, patience))) {
      const problem = new TaipanError('STOPPING', 'the server is stopping')
      for (const job of this.#running) this.#giveUp(job, problem)
    }
    await idle
  }

  #admit(job: GatewayJob): void {
    const address =
      this.#waiting.length === 0 ? this.#addresses.choose(job, performance.now()) : undefined
    if (address !== undefined) this.#send(job, address)
    else if (this.#waiting.add(job)) {
      this.#fill()
      this.#ticker.run()
    } else this.#refuse(job, 'OVERLOADED')
  }

  /** Admits a request when its length is known, and the file for a filter open. */
  async #prepare(job: GatewayJob): Promise<void> {
    const { exchange, invocation } = job
    const { unknownLength: rule, filters } = this.#options
    if (exchange.body.length === undefined && rule !== 'stream') {
      const body = await waitForLength(exchange, rule)
      if (body === undefined) return
      job.body = body
    }
    if (filters) {
      job.file = await openFiltered(exchange, invocation.script)
      if (job.file === undefined) return
    }
    job.since = performance.now()
    if (this.#refusal === undefined) this.#admit(job)
    else this.#refuse(job, this.#refusal)
  }

  /** Why no request is taken; undefined: they are. */
  get #refusal(): ErrorCode | undefined {
    return this.#stopping ? 'STOPPING' : this.#failure?.code
  }

  #send(job: GatewayJob, address: GatewayAddress): void {
    const isFirst = job.address === undefined
    this.#running.add(job)
    job.send(address)
    this.#ticker.run()
    if (!isFirst) return
    job.exchange.onFinish(({ error }) => {
      if (error !== undefined) job.abort(error)
    })
  }

  readonly #onEnd = (job: GatewayJob, end: AttemptEnd): void => {
    this.#running.delete(job)
    const { problem } = job
    const answered = end.kind === 'answered'
    const failure = answered ? problem && !job.connected && createFailure(problem, 'never') : end
    if (failure === undefined || failure === false) {
      this.#finished += 1
      if (!job.aborted) job.address?.noteSuccess()
    } else this.#goOn(job, failure)
    this.#fill()
  }

  /** Sends a request that has failed to another address, or answers it. */
  #goOn(job: GatewayJob, end: AttemptFailure): void {
    const { address } = job
    logFailure(job, end, this.#options)
    if (end.lost) address?.noteFailure(performance.now())
    // A kept connection that was closed says nothing about its address.
    if (end.begun === 'perhaps' && !end.lost && !job.wasLate) job.wasLate = true
    else if (address !== undefined) job.tried = [...job.tried, address]
    job.problem = undefined
    if (!this.#mayRepeat(job, end)) {
      this.#finished += 1
      this.#answer(job, end.error.code)
      return
    }
    const next = this.#addresses.choose(job, performance.now())
    if (next === undefined) this.#waiting.addFirst(job)
    else this.#send(job, next)
  }

  #mayRepeat(job: GatewayJob, { begun, lost }: AttemptFailure): boolean {
    const { exchange } = job
    if (this.#stopping || exchange.response.finished || exchange.response.begun) return false
    if (this.#options.replacesAddresses && begun === 'never' && lost)
      return this.#failure === undefined
    if (begun === 'yes' || !this.#addresses.hasAnother(job)) return false
    return (
      begun === 'never' ||
      (this.#options.retries === 'idempotent' && IDEMPOTENT.has(exchange.request.method))
    )
  }

  /** Gives waiting requests to addresses that have room. */
  #fill(): void {
    this.#waiting.fill()
    if (this.#running.size === 0 && this.#waiting.length === 0) this.#onIdle?.()
  }

  /** Ends what takes too long. Returns whether there is anything to look at. */
  #look(): boolean {
    const now = performance.now()
    const { timeouts } = this.#options
    for (const job of [...this.#running, ...this.#waiting.all]) forsake(job, now)
    for (const job of this.#running) {
      const overdue = job.problem === undefined ? findOverdue(job, timeouts, now) : undefined
      if (overdue !== undefined) this.#giveUp(job, new TaipanError('UPSTREAM_TIMEOUT', overdue))
    }
    for (const job of this.#waiting.takeLate(now)) this.#refuse(job, 'QUEUE_TIMEOUT')
    return this.#running.size + this.#waiting.length > 0
  }

  #giveUp(job: GatewayJob, problem: TaipanError): void {
    job.problem = problem
    if (job.connected || this.#stopping) {
      logFailure(job, createFailure(problem, 'yes'), this.#options)
      this.#answer(job, problem.code)
    }
    job.abort(problem)
  }

  #refuse(job: GatewayJob, code: ErrorCode): void {
    this.#finished += 1
    this.#answer(job, code)
  }

  #answer({ exchange }: GatewayJob, code: ErrorCode): void {
    if (exchange.response.finished) return
    this.#failed += 1
    const { status }: ErrorFacts = ERRORS[code]
    answerError(exchange, code, status === 503 ? RETRY_SOON : {})
  }
}
