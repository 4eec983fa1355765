import type { Backend, Findings } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { Handler } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import type { Upstream } from '../core/upstream.ts'
import { type GroupFailures, describeError } from '../backends/group/unserved.ts'
import type { Unserved } from '../processes/reported-failures.ts'
import type { ServerPlan } from './config/resolved.ts'
import { reloadGroup, validateReloaded } from './reload-outcome.ts'
import { createReloader, type Reloader } from './reloader.ts'
import { settleAll } from './settle-all.ts'
import { StopLog } from './stop-log.ts'

/** What a server serves, without any place where it listens. */
export interface App extends AsyncDisposable {
  /** Answers an exchange, whatever front it came by. Applications let it wait until they are loaded, and answer 503 after `stop`. */
  readonly handler: Handler
  /** Resolves when the applications are loaded; rejects with a `TaipanError`, and then nothing runs. */
  start(): Promise<void>
  /** Lets running requests finish within `timeouts.shutdown`, and ends the workers. May be called twice. */
  stop(): Promise<void>
  /**
   * Loads the applications anew; the old code serves until the new is ready. Rejects when something could not be loaded,
   * and says what serves then, of each process group: the old code if there is any.
   */
  reload(): Promise<void>
}

/** What an app writes its records with. */
export interface AppLoggers {
  readonly logger: Logger
  /** Undefined writes no access records. */
  readonly accessLog: Logger | undefined
}

/** The parts of an app. */
export interface AppParts {
  readonly plan: ServerPlan
  readonly logger: Logger
  readonly handler: Handler
  /** By the name of the group. */
  readonly backends: ReadonlyMap<string, Backend>
  /** All that answers outside of Node's own code, the backends included. */
  readonly upstreams: readonly Upstream[]
}

/** The app of a plan, in this very process. */
export class PlannedApp implements App {
  readonly handler: Handler
  readonly #plan: ServerPlan
  readonly #backends: ReadonlyMap<string, Backend>
  /** Started and stopped together. */
  readonly #upstreams: readonly Upstream[]
  readonly #stopLog: StopLog
  readonly #reloader: Reloader | undefined
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor({ plan, logger, handler, backends, upstreams }: AppParts) {
    this.handler = handler
    this.#plan = plan
    this.#backends = backends
    this.#upstreams = upstreams
    this.#stopLog = new StopLog(logger, upstreams)
    this.#reloader = createReloader(plan, { logger, reload: () => this.reload() })
  }

  /** What the applications turned out to be, by the name of the group; of those that have been loaded. */
  get findings(): Readonly<Record<string, Findings>> {
    const findings: Record<string, Findings> = {}
    for (const [name, backend] of this.#backends)
      if (backend.findings !== undefined) findings[name] = backend.findings
    return findings
  }

  /** Why groups cannot be served, by their names. */
  get failures(): GroupFailures {
    const failures: Record<string, Unserved> = {}
    for (const [name, { failure }] of this.#backends)
      if (failure !== undefined) failures[name] = describeError(failure)
    return failures
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** As `onFull` of a backend, for all of them; one that is full is enough. */
  onFull(listener: (full: boolean) => void): void {
    const backends = new Set<Backend>()
    for (const backend of this.#backends.values())
      backend.onFull((full) => {
        if (full) backends.add(backend)
        else backends.delete(backend)
        listener(backends.size > 0)
      })
  }

  /** As `onFindings` of a backend, for all of them. */
  onFindings(listener: () => void): void {
    for (const backend of this.#backends.values()) backend.onFindings(listener)
  }

  /** A stop is about to come: no worker is replaced any more. What is served goes on. */
  prepareStop(): void {
    for (const backend of this.#backends.values()) backend.prepareStop()
  }

  /** The same, and nothing is reloaded when files change. */
  async retire(): Promise<void> {
    this.#stopLog.tellBegin()
    this.prepareStop()
    await this.#reloader?.stop()
  }

  /** `waited` ms of `timeouts.shutdown` are over. */
  stop(waited = 0): Promise<void> {
    this.#stopped ??= this.#stop(waited)
    return this.#stopped
  }

  /** Ends every process of its own at once, with what those have started. */
  kill(): void {
    for (const backend of this.#backends.values()) backend.kill()
  }

  async reload(): Promise<void> {
    if (this.#started === undefined) throw new TaipanError('STOPPING', 'the app was not started')
    this.#refuseStopped()
    const reloads = [...this.#backends].map(([name, backend]) => reloadGroup(name, backend))
    validateReloaded(await Promise.all(reloads))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(): Promise<void> {
    try {
      this.#refuseStopped()
      await Promise.all(this.#upstreams.map((upstream) => upstream.start()))
      this.#refuseStopped()
      this.#validateServed()
      await this.#reloader?.start()
      this.#refuseStopped()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #stop(waited: number): Promise<void> {
    await this.retire()
    await settleAll(this.#upstreams.map((upstream) => upstream.stop(waited)))
    this.#stopLog.tellEnd()
  }

  #refuseStopped(): void {
    if (this.#stopped !== undefined) throw new TaipanError('STOPPING', 'the app was stopped')
  }

  /** Throws when nothing is served that is worth to go on for. */
  #validateServed(): void {
    const { startAnyway, groups, routes } = this.#plan
    if (startAnyway) return
    const failures = groups.flatMap(({ group }) => this.#backends.get(group.name)?.failure ?? [])
    const fatal = failures.find(({ code }) => code !== 'APPLICATION_LOAD')
    if (fatal !== undefined) throw fatal
    const servesFiles = routes.some(({ answerer }) => answerer.kind === 'static')
    if (servesFiles || failures.length === 0 || failures.length < groups.length) return
    const reasons = failures.map(({ message }) => message).join('; ')
    // The groups have shown what they report themselves.
    const hidden = failures.filter((_, index) => groups[index]?.group.retries === false)
    const cause = hidden.map((failure) => describeError(failure).traceback).join('\n')
    throw new TaipanError('APPLICATION_LOAD', reasons, { cause: cause || reasons })
  }
}
