import type { Backend } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Service } from '../core/service.ts'
import { assembleServer, type Assembly } from './assemble.ts'
import type { ServerPlan } from './config/resolved.ts'
import { Reloader } from './reloader.ts'

/** A server of Python applications that runs until it is stopped. */
export interface Server extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:8000`, `unix:/run/taipan.sock`. */
  readonly urls: readonly string[]
  /** Accepts no more, lets running requests finish within `timeouts.shutdown`, and ends the workers. May be called twice. */
  stop(): Promise<void>
  /** Loads the applications anew; the old code serves until the new is ready. Rejects, and keeps the old, when it cannot be loaded. */
  reload(): Promise<void>
}

/** What a server writes its records with. */
export interface ServerLoggers {
  readonly logger: Logger
  /** Undefined writes no access records. */
  readonly accessLog: Logger | undefined
}

/** A planned server: `start` once, then use it as a `Server`. */
export class PlannedServer implements Server, Service {
  readonly #plan: ServerPlan
  readonly #loggers: ServerLoggers
  #assembly: Assembly | undefined
  #reloader: Reloader | undefined
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(plan: ServerPlan, loggers: ServerLoggers) {
    this.#plan = plan
    this.#loggers = loggers
  }

  get urls(): readonly string[] {
    return this.#assembly?.front.urls ?? []
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async reload(): Promise<void> {
    if (this.#assembly === undefined || this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server does not run')
    await settleAll(this.#assembly.backends.map((backend) => backend.reload()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(): Promise<void> {
    const { logger } = this.#loggers
    for (const warning of this.#plan.warnings) logger.warn({}, warning)
    try {
      const assembly = await assembleServer(this.#plan, this.#loggers)
      this.#assembly = assembly
      this.#refuseStopped()
      await assembly.front.start()
      this.#refuseStopped()
      await startBackends(assembly.backends)
      await this.#startReloader()
      this.#refuseStopped()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  #refuseStopped(): void {
    if (this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server was stopped while it started')
  }

  async #startReloader(): Promise<void> {
    const { reload, watched: folders, configFile } = this.#plan
    if (!reload || folders.length === 0) return
    const { logger } = this.#loggers
    this.#reloader = new Reloader({ folders, configFile, logger, reload: () => this.reload() })
    await this.#reloader.start()
  }

  async #stop(): Promise<void> {
    const { front, backends } = this.#assembly ?? {}
    await this.#reloader?.stop()
    if (front === undefined || backends === undefined) return
    const doorsClosed = front.stop()
    // Backends refuse what is new, so they wait for bodies that are still coming, but not for all of the time.
    await Promise.race([doorsClosed, sleep(this.#plan.timeouts.shutdown / 2)])
    await settleAll([doorsClosed, ...backends.map((backend) => backend.stop())])
  }
}

/** Ends the others as soon as one fails: what cannot be served whole is not served. */
async function startBackends(backends: readonly Backend[]): Promise<void> {
  await Promise.all(backends.map((backend) => backend.start()))
}

/** Waits for all, then throws the first failure. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === 'rejected') throw result.reason
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}
