import type { LogFields, Logger } from '../core/logger.ts'
import type { RestartReason } from '../core/restart-reason.ts'
import type { Cause } from './cause.ts'
import { describeEnd, describeForce, type Force, type ProcessNoun } from './process-end.ts'
import { ReportedFailures, type Unserved } from './reported-failures.ts'
import type { ReportedExit } from './supervised-process.ts'

// What is configured to happen now and then, whatever the application does.
const USUAL = new Set<RestartReason>(['maximum_requests', 'restart_interval', 'eviction'])

/** A failure to start or to serve something. */
export interface FailureReport extends Unserved {
  /** What is not served because of it; undefined when that is not known. */
  readonly subject?: string | undefined
  /** Additional fields of the log record. */
  readonly facts: LogFields
}

/** What was lost with a process. */
export interface Loss {
  /** End of the log message about its death. */
  readonly text: string
  /** Additional fields of the log record. */
  readonly facts: LogFields
}

/** What is known of a process that was killed because it did not answer. */
interface Killed {
  readonly loss: Loss
  /** Of its threads; may be empty. */
  readonly stacks: string
}

/** Something that is served or not, such as an application. */
export interface Subject {
  readonly name: string
  /** Fields of the log record when it is served again. */
  readonly facts: LogFields
  /** Why it is not served; undefined when it is. */
  readonly failure: FailureReport | undefined
}

/** What is served or not, for whoever logs it once for several supervisors. */
export type ServiceNews =
  | { readonly subject: Subject }
  | {
      readonly failure: FailureReport
      /** The same failure was told just before. */
      readonly repeated: boolean
    }

/** How a supervisor logs. */
export interface SupervisorLogOptions {
  readonly logger: Logger
  readonly noun: ProcessNoun
  /** Fields of every log record. */
  readonly facts: LogFields
  /** False: the parent process reports failures; here they are debug messages. */
  readonly logsFailures: boolean
  /** Takes all news of failures and recoveries, which are not logged here then. */
  readonly tell?: ((news: ServiceNews) => void) | undefined
}

/** The log messages of a supervisor: starts, failures, recoveries, deaths. */
export class SupervisorLog {
  readonly #options: SupervisorLogOptions
  readonly #unserved = new ReportedFailures()

  constructor(options: SupervisorLogOptions) {
    this.#options = options
  }

  /** Forgets the reported failures; the returned function restores them. */
  forget(): () => void {
    return this.#unserved.forget()
  }

  /** The failure is known: it was logged, maybe by another process. */
  noteTold(failure: FailureReport): void {
    if (failure.subject !== undefined) this.#unserved.note(failure.subject, failure)
  }

  tellReady(worker: string): void {
    const { logger, noun, facts } = this.#options
    logger.debug({ ...facts, worker }, `${noun} ${worker} is ready`)
  }

  /** It gets no more requests. */
  tellUnhealthy(worker: string, { reason, text, facts }: Cause): void {
    const { logger, noun } = this.#options
    logger.warn(
      { worker, reason, ...facts },
      `${noun} ${worker} ${text}${reason === 'deadlock' ? ' and is killed' : ''}`,
    )
  }

  /** It goes on until another one is ready. */
  tellDue(worker: string, { reason, text, facts }: Cause): void {
    const { logger, noun } = this.#options
    const level = USUAL.has(reason) ? 'info' : 'warn'
    logger[level]({ worker, reason, ...facts }, `${noun} ${worker} ${text}; it is replaced`)
  }

  /** It did not stop when asked. */
  tellForced(worker: string, force: Exclude<Force, 'none'>, stacks: string): void {
    const { logger, noun } = this.#options
    const fields = { worker, signal: force, ...describeStacks(stacks) }
    logger.warn(fields, `${noun} ${worker} ${describeForce(force)}`)
  }

  /** It ended unexpectedly. */
  tellDeath(worker: string, exit: ReportedExit, { text, facts }: Loss): void {
    const { code: exitCode, signal, lastOutput } = exit
    const { logger, noun } = this.#options
    logger.error(
      { worker, exitCode, signal, ...facts, lastOutput },
      `${noun} ${worker} ended with ${describeEnd(exit)}; ${text}`,
    )
  }

  /** It was killed because it did not answer, and has ended. */
  tellKilled(worker: string, { signal, killed }: ReportedExit, { loss, stacks }: Killed): void {
    const { logger, noun } = this.#options
    const fields = { worker, reason: killed?.reason, signal, ...loss.facts }
    logger.error(
      { ...fields, ...describeStacks(stacks) },
      `${noun} ${worker} was killed because it ${killed?.text}; ${loss.text}`,
    )
  }

  /** Logs the news of another supervisor. */
  take(news: ServiceNews): void {
    if ('subject' in news) this.tellServed(news.subject)
    else this.tellFailure(news.failure, news.repeated)
  }

  /** A process failed to start; `repeated` when the same failure was reported before. */
  tellFailure(failure: FailureReport, repeated: boolean): void {
    const { tell } = this.#options
    if (tell !== undefined) {
      tell({ failure: this.#complete(failure), repeated })
      return
    }
    const isKnown = repeated || this.#unserved.has(failure)
    this.noteTold(failure)
    this.#write(failure, isKnown)
  }

  /** A process serves a subject, or fails to; logged only when that is new. */
  tellServed({ name, facts, failure }: Subject): void {
    const { logger, logsFailures, tell } = this.#options
    if (tell !== undefined) {
      tell({ subject: { name, facts, failure: failure && this.#complete(failure) } })
      return
    }
    const isKnown = failure !== undefined && this.#unserved.has(failure)
    const isNews = this.#unserved.note(name, failure)
    if (failure !== undefined) this.#write(failure, isKnown)
    else if (isNews && logsFailures) logger.info(facts, `${name} is served now`)
  }

  #write(failure: FailureReport, repeated: boolean): void {
    const { logger, logsFailures } = this.#options
    const { message, traceback, facts } = this.#complete(failure)
    if (repeated || !logsFailures) logger.debug(facts, message)
    else logger.error(traceback === '' ? facts : { ...facts, traceback }, message)
  }

  #complete(failure: FailureReport): FailureReport {
    return { ...failure, facts: { ...this.#options.facts, ...failure.facts } }
  }
}

function describeStacks(stacks: string): LogFields {
  return stacks === '' ? {} : { traceback: stacks }
}
