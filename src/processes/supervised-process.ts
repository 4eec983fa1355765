import type { Logger } from '../core/logger.ts'
import { endsWithin } from './ends-within.ts'
import type { Checked } from './health-check.ts'
import { describeEnd, type Force, type ProcessEnd } from './process-end.ts'
import type { ProcessHandle } from './process-handle.ts'
import { ProcessLog } from './process-log.ts'
import type { Member } from './process-pool.ts'

/**
 * A stop may go to every process of a service at once. One that was asked to end from outside works on for so long (ms),
 * until Node has read its own signal, too.
 */
export const STOP_ECHO_MS = 100

// A forked grandchild may hold the far ends open for ever; what the process itself wrote is there at once.
const DRAIN_MS = 250

/** How a process ended, and whether that was to be. */
export interface ProcessExit extends ProcessEnd {
  /** It never became ready, which is told by `loaded`, or was asked to end and did so, or was made to. */
  readonly expected: boolean
}

/** How a process ended, for the record of its death. */
export interface ReportedExit extends ProcessExit {
  /** What it printed last. */
  readonly lastOutput: readonly string[]
}

/** What a process tells the one who keeps it. */
export interface ProcessListener<M, X extends ReportedExit> {
  /** Applications can be served that could not be, or the other way round: see its findings. */
  onFound(member: M): void
  /** It must get no more work, and be replaced; it still runs. */
  onUnfit(member: M, reason: string): void
  /** Called once, after all it had sent was read. */
  onExit(member: M, exit: X): void
}

/** What a supervised process is called, and where its records go. */
export interface ProcessIdentity {
  /** `group/pid`. */
  readonly label: string
  readonly logger: Logger
}

/** The life of one process of a pool: starting, ready, asked to end, ended. */
export abstract class SupervisedProcess<F> implements Member<F>, Checked {
  readonly pid: number
  readonly label: string
  readonly startedAt = performance.now()
  readonly loaded: Promise<F | undefined>
  /** Resolves when it has ended, and all it had sent was read. */
  readonly exited: Promise<void>
  heardAt = performance.now()
  served = 0
  protected readonly log: ProcessLog
  readonly #handle: ProcessHandle
  readonly #logger: Logger
  #settleLoaded: (failure: F | undefined) => void = () => {}
  #settleExited: () => void = () => {}
  #ready = false
  #unfit = false
  #stopping: Promise<Force> | undefined
  #aborted = false
  #forced = false
  #ended = false

  constructor(handle: ProcessHandle, { label, logger }: ProcessIdentity) {
    this.#handle = handle
    this.#logger = logger
    this.pid = handle.pid
    this.label = label
    this.loaded = new Promise((resolve) => {
      this.#settleLoaded = resolve
    })
    this.exited = new Promise((resolve) => {
      this.#settleExited = resolve
    })
    this.log = new ProcessLog(logger, label, handle.outputs)
    void handle.ended.then((end) => this.#onEnd(end))
  }

  abstract get flaws(): number

  get ready(): boolean {
    return this.#ready && !this.#ended && this.#stopping === undefined
  }

  get starting(): boolean {
    return !this.#ready && !this.#ended && this.#stopping === undefined
  }

  /** It has been asked to end. */
  get stopping(): boolean {
    return this.#stopping !== undefined
  }

  get ended(): boolean {
    return this.#ended
  }

  abstract ping(): void

  /** It gets no more work, and is to end soon. */
  abstract retire(): void

  /** Resolves when it has nothing to finish before it is asked to end, or has ended. */
  abstract drained(): Promise<void>

  /** Ends it: asks, waits `grace` ms, then uses force. What requests have left to threads may go on for `patience` of these. */
  stop(grace: number, patience = 0): Promise<Force> {
    this.#stopping ??= this.#terminate(grace, patience)
    return this.#stopping
  }

  /** Ends it at once, with what it has started. */
  kill(): void {
    this.#handle.kill()
  }

  abort(): void {
    if (!this.#aborted) void this.#abort()
  }

  failStart(summary: string): void {
    this.fail(this.describeStartFailure(summary))
    void this.stop(0)
  }

  declareUnfit(reason: string): void {
    if (this.#unfit || !this.ready) return
    this.#unfit = true
    this.tellUnfit(reason)
  }

  /** It works from now on. */
  protected becomeReady(): void {
    this.#ready = true
    this.#settleLoaded(undefined)
  }

  /** It never will work, unless it already does. */
  protected fail(failure: F): void {
    this.#settleLoaded(failure)
  }

  /** It was asked to end by somebody else. */
  protected leave(reason: string): void {
    setTimeout(() => this.declareUnfit(reason), STOP_ECHO_MS).unref()
  }

  /** Asks it to end; `patience` as for `stop`. */
  protected abstract askToStop(patience: number): void
  /** It did not end by itself, and is made to. */
  protected abstract beforeForce(): void
  /** Why it did not become ready, when it has not said so itself. */
  protected abstract describeStartFailure(summary: string): F
  /** Resolves when all it had sent was read. */
  protected abstract readRest(): Promise<unknown>
  /** It has ended: frees what was kept for it. */
  protected abstract release(): void
  /** Tells its keeper that it must be replaced; it still runs. Called once. */
  protected abstract tellUnfit(reason: string): void
  /** Tells its keeper that it has ended. Called once. */
  protected abstract tellExit(exit: ProcessExit): void

  async #terminate(grace: number, patience: number): Promise<Force> {
    try {
      return await this.#handle.terminate({
        grace,
        askToStop: () => this.askToStop(patience),
        beforeForce: () => {
          this.#forced = true
          this.beforeForce()
        },
        exited: this.exited,
      })
    } catch (error) {
      this.#reportLeft(error)
      return 'left'
    }
  }

  async #abort(): Promise<void> {
    this.#aborted = true
    this.#forced = true
    try {
      await this.#handle.abort(this.exited)
    } catch (error) {
      this.#reportLeft(error)
    }
  }

  #reportLeft(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#logger.error({ worker: this.label }, `worker ${this.label} could not be ended: ${reason}`)
  }

  async #onEnd(end: ProcessEnd): Promise<void> {
    await endsWithin(this.readRest(), DRAIN_MS)
    this.#ended = true
    this.release()
    for (const { stream } of this.#handle.outputs) stream.destroy()
    this.log.flush()
    const summary = `the worker ended with ${describeEnd(end)} before it was ready`
    this.fail(this.describeStartFailure(summary))
    this.#settleExited()
    this.tellExit({ ...end, expected: this.#isExpected(end) })
  }

  #isExpected({ code, signal }: ProcessEnd): boolean {
    if (!this.#ready || this.#forced) return true
    return this.#stopping !== undefined && signal === null && (code === null || code === 0)
  }
}
