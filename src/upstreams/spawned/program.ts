import { once } from 'node:events'
import { TaipanError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Cause } from '../../processes/cause.ts'
import type { Lifetime } from '../../processes/lifetime.ts'
import type { Force, ProcessEnd } from '../../processes/process-end.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import {
  SupervisedProcess,
  type ProcessExit,
  type ProcessListener,
  type ReportedExit,
} from '../../processes/supervised-process.ts'
import { Acceptance } from './acceptance.ts'
import type { ProgramFailure } from './program-failure.ts'
import { formatPlace, type ProgramPlace } from './program-place.ts'

/** Time in ms to end by itself once its requests have ended. */
export const ENDING_MS = 5000

/** What a process is told by its supervisor. */
export interface ProgramContext {
  readonly name: string
  readonly place: ProgramPlace
  readonly logger: Logger
  readonly listener: ProcessListener<Program, ReportedExit>
  /** Answers at its place count for it if it lives for so many ms. */
  readonly provesAfter: number
  /** Requests that were answered at its place so far. */
  readonly countAnswered: () => number
  /** Resolves when its requests have ended. */
  readonly drained: () => Promise<void>
  /** Undefined: it may live as long as it wants. */
  readonly lifetime: Lifetime | undefined
}

/** A process of a program. */
export class Program extends SupervisedProcess<ProgramFailure> {
  readonly omitted = 0
  readonly place: ProgramPlace
  readonly #handle: ProcessHandle
  readonly #context: ProgramContext
  readonly #acceptance: Acceptance
  readonly #answeredBefore: number

  constructor(handle: ProcessHandle, context: ProgramContext) {
    const { name, place, logger } = context
    super(handle, { noun: 'program', label: `${name}/${handle.pid}`, logger })
    this.place = place
    this.#handle = handle
    this.#context = context
    this.#answeredBefore = context.countAnswered()
    this.#acceptance = new Acceptance(place, () => this.becomeReady())
  }

  /** Requests that have waited for its start come before the connection that is to show that it is ready. */
  ping(): void {
    if (this.starting && this.#answered > 0) this.becomeReady()
  }

  /** Asks for a successor when it has reached a limit. */
  lookAtLimits(now: number): void {
    const { pid, startedAt } = this
    const { lifetime } = this.#context
    const served = this.#answered
    const cause = lifetime?.findWorn(served) ?? lifetime?.findSpent({ pid, startedAt, served }, now)
    if (cause !== undefined) this.declareDue(cause)
  }

  retire(): void {}

  drained(): Promise<void> {
    return this.#context.drained()
  }

  /** It has no requests any more, so the time for these is not for it. */
  override stop(grace: number): Promise<Force> {
    this.#acceptance.stop()
    return super.stop(Math.min(grace, ENDING_MS))
  }

  /** Programs end by the signal or after it, with codes of their own. FastCGI: 0 is meant, as after a number of requests. */
  protected override isProper({ code, signal }: ProcessEnd, asked: boolean): boolean {
    return asked ? signal === null || signal === 'SIGTERM' : code === 0
  }

  protected askToStop(): void {
    try {
      process.kill(this.pid, 'SIGTERM')
    } catch {
      // It has ended.
    }
  }

  protected beforeForce(): void {}

  protected describeStartFailure(summary: string, held: boolean): ProgramFailure {
    const { name, place } = this.#context
    const where = held ? `: it accepted no connection at ${formatPlace(place.address)}` : ''
    return {
      error: new TaipanError(
        'UPSTREAM_UNREACHABLE',
        `program ${name} is not served: ${summary}${where}`,
      ),
      output: this.log.takeLast().join('\n'),
    }
  }

  protected async readRest(): Promise<void> {
    const open = this.#handle.outputs.filter(({ stream }) => !stream.closed)
    await Promise.all(open.map(({ stream }) => once(stream, 'close')))
  }

  protected release(): void {
    this.#acceptance.stop()
  }

  /** Requests that were answered at its place since its start. */
  get #answered(): number {
    return Math.max(0, this.#context.countAnswered() - this.#answeredBefore)
  }

  protected tellUnhealthy(cause: Cause): void {
    this.#context.listener.onUnhealthy(this, cause)
  }

  protected tellDue(cause: Cause): void {
    this.#context.listener.onDue(this, cause)
  }

  protected tellExit(exit: ProcessExit): void {
    const isLong = performance.now() - this.startedAt >= this.#context.provesAfter
    if (isLong || exit.code === 0) this.served = this.#answered
    this.#context.listener.onExit(this, { ...exit, lastOutput: this.log.last })
  }
}
