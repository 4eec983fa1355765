import type { LogFields, Logger } from '../core/logger.ts'
import { describeEnd, describeForce, type Force } from './process-end.ts'
import { ReportedFailures, type Unserved } from './reported-failures.ts'
import type { ReportedExit } from './supervised-process.ts'

/** A failure to start, or to serve something, for people. */
export interface FailureReport extends Unserved {
  /** What is not served because of it, if that is known. */
  readonly subject?: string | undefined
  /** What else its record says. */
  readonly facts: LogFields
}

/** What was lost with a process. */
export interface Loss {
  /** The end of the sentence that tells of its death. */
  readonly text: string
  /** What else its record says. */
  readonly facts: LogFields
}

/** What may be served or not. */
export interface Subject {
  readonly name: string
  /** What the record says when it is served again. */
  readonly facts: LogFields
}

/** How a supervisor writes its records. */
export interface SupervisorLogOptions {
  readonly logger: Logger
  /** What its records say besides. */
  readonly facts: LogFields
  /** False: failures are reported by somebody else, and are for debugging only. */
  readonly tellsFailures: boolean
}

/** What is told of the processes of a supervisor: starts, failures, recoveries, deaths. */
export class SupervisorLog {
  readonly #options: SupervisorLogOptions
  readonly #unserved = new ReportedFailures()

  constructor(options: SupervisorLogOptions) {
    this.#options = options
  }

  /** Failures are to be told anew; returns what takes that back. */
  forget(): () => void {
    return this.#unserved.forget()
  }

  tellReady(worker: string): void {
    const { logger, facts } = this.#options
    logger.debug({ ...facts, worker }, `worker ${worker} is ready`)
  }

  tellUnfit(worker: string, reason: string): void {
    this.#options.logger.warn({ worker }, `worker ${worker} ${reason}`)
  }

  /** It needed more than to be asked. */
  tellForced(worker: string, force: Exclude<Force, 'none'>): void {
    this.#options.logger.warn({ worker, signal: force }, describeForce(worker, force))
  }

  /** It ended, and that was not to be. */
  tellDeath(worker: string, exit: ReportedExit, { text, facts }: Loss): void {
    const { code: exitCode, signal, lastOutput } = exit
    this.#options.logger.error(
      { worker, exitCode, signal, ...facts, lastOutput },
      `worker ${worker} ended with ${describeEnd(exit)}; ${text}`,
    )
  }

  /** None could be started; `repeated` when that was told before. */
  tellFailure(failure: FailureReport, repeated: boolean): void {
    const isKnown = repeated || this.#unserved.has(failure)
    if (failure.subject !== undefined) this.#unserved.note(failure.subject, failure)
    this.#write(failure, isKnown)
  }

  /** A process serves a subject, or does not; what is known is not told again. */
  tellServed(subject: Subject, failure: FailureReport | undefined): void {
    const { logger, tellsFailures } = this.#options
    const isNews = this.#unserved.note(subject.name, failure)
    if (failure !== undefined) this.#write(failure, !isNews)
    else if (isNews && tellsFailures) logger.info(subject.facts, `${subject.name} is served now`)
  }

  #write({ message, traceback, facts }: FailureReport, repeated: boolean): void {
    const { logger, tellsFailures } = this.#options
    const all = { ...this.#options.facts, ...facts }
    if (repeated || !tellsFailures) logger.debug(all, message)
    else logger.error(traceback === '' ? all : { ...all, traceback }, message)
  }
}
