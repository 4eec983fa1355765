import type { Logger } from '../core/logger.ts'
import type { RestartReason } from '../core/restart-reason.ts'
import type { Cause } from './cause.ts'
import { endsWithin } from '../core/ends-within.ts'
import type { Checked } from './health-check.ts'
import { describeEnd, type Force, type ProcessEnd, type ProcessNoun } from './process-end.ts'
import type { ProcessHandle } from './process-handle.ts'
import { ProcessLog } from './process-log.ts'
import type { Member } from './member.ts'

/**
 * A process manager may send a stop signal to all processes of a service at once. A process that gets one continues for
 * so long (ms), so that Node can read its own signal first.
 */
export const STOP_ECHO_MS = 100

// A forked grandchild may keep the pipes open; what the process itself wrote is there at once.
const DRAIN_MS = 250

/** How a process ended. */
export interface ProcessExit extends ProcessEnd {
  /** The end needs no log record: it never became ready (`loaded` has the reason), or it was ended on purpose. */
  readonly expected: boolean
  /** Why it was killed, because it did not answer. */
  readonly killed: Cause | undefined
}

/** How a process ended, with its last output. */
export interface ReportedExit extends ProcessExit {
  /** The last log records, oldest first. */
  readonly lastOutput: readonly string[]
}

/** Receives the events of a supervised process. */
export interface ProcessListener<M, X extends ReportedExit> {
  /** The applications that it can serve have changed; see its findings. */
  onFound(member: M): void
  /** Something has changed that it cannot serve, and another process might; `change` tells it from other changes. */
  onChanged(member: M, change: string): void
  /** It must be replaced and get no more work; it still runs. */
  onUnhealthy(member: M, cause: Cause): void
  /** It must be replaced, and may serve until another one is ready. */
  onDue(member: M, cause: Cause): void
  /** Called once, when it has ended and all its messages have been read. */
  onExit(member: M, exit: X): void
}

/** Name of a process, and its logger. */
export interface ProcessIdentity {
  /** What it is called in messages; `worker` by default. */
  readonly noun?: ProcessNoun
  /** `group/pid`. */
  readonly label: string
  readonly logger: Logger
}

/** The life of one process of a pool: starting, ready, stopping, ended. */
export abstract class SupervisedProcess<F> implements Member<F>, Checked {
  readonly pid: number
  readonly label: string
  readonly startedAt = performance.now()
  readonly loaded: Promise<F | undefined>
  /** Resolves when it has ended and all its messages have been read. */
  readonly exited: Promise<void>
  heardAt = performance.now()
  served = 0
  generation = 0
  protected readonly log: ProcessLog
  readonly #handle: ProcessHandle
  readonly #noun: ProcessNoun
  readonly #logger: Logger
  #settleLoaded: (failure: F | undefined) => void = () => {}
  #settleExited: () => void = () => {}
  #progressedAt = this.startedAt
  #ready = false
  #unhealthy = false
  #cause: Cause | undefined
  #due = false
  #stopping: Promise<Force> | undefined
  #aborted = false
  #forced = false
  #ended = false

  constructor(handle: ProcessHandle, { noun = 'worker', label, logger }: ProcessIdentity) {
    this.#handle = handle
    this.#noun = noun
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

  abstract get omitted(): number

  /** Stacks of its threads, from when it was ended by SIGABRT; empty if there are none. */
  get stacks(): string {
    return this.log.crash
  }

  get load(): number {
    return 0
  }

  get progressedAt(): number {
    return this.#progressedAt
  }

  get ready(): boolean {
    return this.#ready && !this.#ended && this.#stopping === undefined
  }

  get starting(): boolean {
    return !this.#ready && !this.#ended && this.#stopping === undefined
  }

  /** It has been asked to stop. */
  get stopping(): boolean {
    return this.#stopping !== undefined
  }

  get ended(): boolean {
    return this.#ended
  }

  abstract ping(): void

  /** It gets no more work and will be asked to stop soon; undefined: its server stops. */
  abstract retire(reason?: RestartReason): void

  /** Resolves when its requests have finished, or when it has ended. */
  abstract drained(): Promise<void>

  /** Asks it to stop, waits `grace` ms, then uses force. Threads that requests started may run for `patience` ms of them. */
  stop(grace: number, patience = 0): Promise<Force> {
    this.#stopping ??= this.#terminate(grace, patience)
    return this.#stopping
  }

  /** Kills it and its children at once. */
  kill(): void {
    this.#handle.kill()
  }

  abort(): void {
    if (!this.#aborted) void this.#abort()
  }

  failStart(summary: string): void {
    this.fail(this.describeStartFailure(summary, true))
    void this.stop(0)
  }

  declareUnhealthy(cause: Cause): void {
    if (this.#unhealthy || !this.ready) return
    this.#unhealthy = true
    this.#cause = cause
    this.tellUnhealthy(cause)
  }

  /** It must be replaced, and serves until another one is ready. */
  declareDue(cause: Cause): void {
    if (this.#unhealthy || this.#due || !this.ready) return
    this.#due = true
    this.tellDue(cause)
  }

  /** Its start has made progress. */
  protected noteProgress(): void {
    this.#progressedAt = performance.now()
  }

  /** It serves requests from now on. */
  protected becomeReady(): void {
    this.#ready = true
    this.log.release()
    this.#settleLoaded(undefined)
  }

  /** Reports that it cannot start; ignored when it is ready already. */
  protected fail(failure: F): void {
    this.log.release()
    this.#settleLoaded(failure)
  }

  /** It got a stop signal from outside. */
  protected leave(text: string): void {
    const cause: Cause = { reason: 'terminated', text }
    setTimeout(() => this.declareUnhealthy(cause), STOP_ECHO_MS).unref()
  }

  /** Whether it has ended as it should; `asked`: after it was asked to stop. */
  protected isProper({ code, signal }: ProcessEnd, asked: boolean): boolean {
    return asked && signal === null && (code === null || code === 0)
  }

  /** Asks it to stop; `patience` as in `stop`. */
  protected abstract askToStop(patience: number): void
  /** The grace period is over and force comes next. */
  protected abstract beforeForce(): void
  /** The failure of a process that gave no reason: it ended before it was ready, or is `held` by what it loads. */
  protected abstract describeStartFailure(summary: string, held: boolean): F
  /** Resolves when all its messages have been read. */
  protected abstract readRest(): Promise<unknown>
  /** It has ended: releases its resources. */
  protected abstract release(): void
  /** Reports that it must be replaced; it still runs. Called once. */
  protected abstract tellUnhealthy(cause: Cause): void
  /** Reports that it must be replaced and may serve until then. Called once. */
  protected abstract tellDue(cause: Cause): void
  /** Reports that it has ended. Called once. */
  protected abstract tellExit(exit: ProcessExit): void

  async #terminate(grace: number, patience: number): Promise<Force> {
    try {
      return await this.#handle.terminate({
        grace,
        askToStop: () => this.askToStop(patience),
        beforeForce: () => {
          this.#forced = true
          this.log.expectCrash()
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
    this.log.expectCrash()
    try {
      await this.#handle.abort(this.exited)
    } catch (error) {
      this.#reportLeft(error)
    }
  }

  #reportLeft(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#logger.error(
      { worker: this.label },
      `${this.#noun} ${this.label} could not be ended: ${reason}`,
    )
  }

  async #onEnd(end: ProcessEnd): Promise<void> {
    await endsWithin(this.readRest(), DRAIN_MS)
    this.#ended = true
    this.release()
    for (const { stream } of this.#handle.outputs) stream.destroy()
    this.log.flush()
    const summary = `the ${this.#noun} ended with ${describeEnd(end)} before it was ready`
    this.fail(this.describeStartFailure(summary, false))
    this.#settleExited()
    const killed = this.#aborted ? this.#cause : undefined
    this.tellExit({ ...end, expected: this.#isExpected(end), killed })
  }

  #isExpected(end: ProcessEnd): boolean {
    if (!this.#ready || this.#forced) return true
    return this.isProper(end, this.#stopping !== undefined)
  }
}
