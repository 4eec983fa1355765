import { answerError } from '../core/answer-error.ts'
import { TaipanError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Invocation, Upstream } from '../core/upstream.ts'

/** Limits of a gatherer. */
export interface GatherOptions {
  /** Bytes of all bodies together; beyond it each body gets only the front's own read-ahead. */
  readonly requestTotal: number
}

/** A request whose body is still arriving, and the application it is for. */
export interface GatherJob {
  readonly exchange: Exchange
  readonly invocation: Invocation
  readonly upstream: Upstream
  /** Bytes to gather; a longer body goes to the application when that many have arrived. */
  readonly limit: number
}

/** Waits for request bodies within a memory limit, so that slow clients occupy no Python thread. */
export interface Gatherer {
  /** Calls `upstream.run` when the body has arrived, or answers with its error. */
  gather(job: GatherJob): void
  /** Resolves when no body is awaited. */
  drained(): Promise<void>
}

// Memory is reserved in steps: a client that announces a large body and sends nothing reserves little.
const STEP_BYTES = 64 * 1024
const TOKEN_BYTES = 16 * 1024
const TICK_MS = 250
// Two whole ticks and the current one: at least 500 ms.
const STALLED_TICKS = 3
// With a single thread a slow client would block everybody else, so it waits longer.
const STALLED_TICKS_ALONE = 8

/** Makes the gatherer of all applications. Its timer runs only while bodies are awaited, and does not keep the process alive. */
export function createGatherer(options: GatherOptions): Gatherer {
  return new BodyGatherer(options)
}

class BodyGatherer implements Gatherer {
  readonly #total: number
  #reserved = 0
  /** In order of arrival, so that the oldest is handed over first. */
  readonly #waiting = new Set<Gathering>()
  #timer: NodeJS.Timeout | undefined
  readonly #drainWaiters: (() => void)[] = []

  constructor(options: GatherOptions) {
    this.#total = options.requestTotal
  }

  gather(job: GatherJob): void {
    const { body } = job.exchange
    if (body.expectsContinue && body.length !== undefined && body.error === undefined) {
      // The application may refuse by the head alone; its first read asks for the body.
      job.upstream.run(job.exchange, job.invocation)
      return
    }
    const gathering: Gathering = { job, granted: 0, idleTicks: 0 }
    this.#waiting.add(gathering)
    body.onProgress = () => this.#progress(gathering)
    job.exchange.onFinish(() => {
      this.#forget(gathering)
      this.#reserved -= gathering.granted
      gathering.granted = 0
    })
    this.#progress(gathering)
    this.#startTimer()
  }

  async drained(): Promise<void> {
    if (this.#waiting.size > 0)
      await new Promise<void>((resolve) => this.#drainWaiters.push(resolve))
  }

  #progress(gathering: Gathering): void {
    if (!this.#waiting.has(gathering)) return
    const { exchange, limit } = gathering.job
    const { body } = exchange
    gathering.idleTicks = 0
    if (body.error !== undefined) this.#refuse(gathering, body.error)
    else if (body.complete || body.buffered >= limit) this.#handOver(gathering)
    else if (!this.#extend(gathering) && body.buffered >= TOKEN_BYTES) this.#handOver(gathering)
  }

  /** Requests more read-ahead before the last one is used up; false when the memory limit is reached. */
  #extend(gathering: Gathering): boolean {
    const { exchange, limit } = gathering.job
    const { body } = exchange
    const wanted = Math.min(limit, body.length ?? limit)
    if (gathering.granted >= wanted || body.buffered < gathering.granted - STEP_BYTES / 2)
      return true
    const granted = Math.min(wanted, Math.max(gathering.granted * 2, STEP_BYTES))
    const more = granted - gathering.granted
    if (this.#reserved + more > this.#total) {
      // A client that waits for 100 Continue sends nothing before it gets one.
      if (body.expectsContinue) body.request(TOKEN_BYTES)
      return false
    }
    this.#reserved += more
    gathering.granted = granted
    body.request(granted)
    return true
  }

  #handOver(gathering: Gathering): void {
    const { exchange, invocation, upstream } = gathering.job
    exchange.body.onProgress = undefined
    this.#forget(gathering)
    if (!exchange.response.finished) upstream.run(exchange, invocation)
  }

  #refuse(gathering: Gathering, error: Error): void {
    const { exchange } = gathering.job
    exchange.body.onProgress = undefined
    this.#forget(gathering)
    answerError(exchange, error instanceof TaipanError ? error.code : 'INTERNAL')
  }

  #forget(gathering: Gathering): void {
    this.#waiting.delete(gathering)
    if (this.#waiting.size > 0) return
    for (const resolve of this.#drainWaiters.splice(0)) resolve()
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #startTimer(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  /**
   * Hands over a body that stalls, because the application may answer before its end, but only while more than half of
   * the capacity is idle.
   */
  #tick(): void {
    for (const gathering of this.#waiting) {
      gathering.idleTicks += 1
      const { idle, total } = gathering.job.upstream.capacity
      const stalled = gathering.idleTicks >= (total === 1 ? STALLED_TICKS_ALONE : STALLED_TICKS)
      if (stalled && idle > total / 2) this.#handOver(gathering)
    }
  }
}

interface Gathering {
  readonly job: GatherJob
  /** Bytes of read-ahead, reserved here and requested from the front. */
  granted: number
  idleTicks: number
}
