import { endsWithin } from '../processes/ends-within.ts'
import type { Findings } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { Front } from '../core/front.ts'
import type { Service } from '../core/service.ts'
import { toLimit } from '../core/time-limit.ts'
import type { ListenAddress } from '../fronts/listening/addresses.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { AppLoggers } from './app.ts'
import { assembleServer, type Assembly } from './assemble.ts'
import type { ServerPlan } from './config/resolved.ts'
import { settleAll } from './settle-all.ts'

/** A server of Python applications that runs until it is stopped. */
export interface Server extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:8000`, `unix:/run/taipan.sock`. */
  readonly urls: readonly string[]
  /** Accepts no more, lets running requests finish within `timeouts.shutdown`, and ends the workers. May be called twice. */
  stop(): Promise<void>
  /**
   * Loads the applications anew; the old code serves until the new is ready. Rejects when something could not be loaded,
   * and says what serves then, of each process group: the old code if there is any.
   */
  reload(): Promise<void>
}

/** A server that has to be started, once. */
export interface RunnableServer extends Server, Service {
  /** What its applications turned out to be, by the name of the group; of those that have been loaded. */
  readonly findings: Readonly<Record<string, Findings>>
  /** Why groups cannot be served, by their names. */
  readonly failures: GroupFailures
  /** How many exchanges this process has had. */
  readonly exchanges: number
  /** Ends every process of its own at once, with what those have started: for a process that is about to end itself. */
  kill(): void
}

/** A server in this very process, an app with fronts: `start` once, then use it as a `Server`. */
export class PlannedServer implements RunnableServer {
  readonly #plan: ServerPlan
  readonly #loggers: AppLoggers
  readonly #addresses: readonly ListenAddress[]
  readonly #opensLater: boolean
  #assembly: Assembly | undefined
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** `addresses` take the place of those of the plan, and stay closed until `open`. */
  constructor(plan: ServerPlan, loggers: AppLoggers, addresses?: readonly ListenAddress[]) {
    this.#plan = plan
    this.#loggers = loggers
    this.#addresses = addresses ?? plan.addresses
    this.#opensLater = addresses !== undefined
  }

  get urls(): readonly string[] {
    return this.#assembly?.fronts.flatMap(({ urls }) => urls) ?? []
  }

  get findings(): Readonly<Record<string, Findings>> {
    return this.#assembly?.app.findings ?? {}
  }

  get failures(): GroupFailures {
    return this.#assembly?.app.failures ?? {}
  }

  get exchanges(): number {
    let exchanges = 0
    for (const front of this.#assembly?.fronts ?? []) exchanges += front.exchanges
    return exchanges
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** After the start: as `onFull` of a backend, for all of them; one that is full is enough. */
  onFull(listener: (full: boolean) => void): void {
    this.#assembly?.app.onFull(listener)
  }

  /** After the start: as `onFindings` of a backend, for all of them. */
  onFindings(listener: () => void): void {
    this.#assembly?.app.onFindings(listener)
  }

  /** Accepts connections, if `start` did not yet do so. */
  async open(): Promise<void> {
    this.#refuseStopped()
    if (this.#assembly !== undefined) await startAll(this.#assembly.fronts)
  }

  /** A stop is about to come: no worker is replaced any more. */
  prepareStop(): void {
    this.#assembly?.app.prepareStop()
  }

  /** Connections that are idle end after `idleGrace` ms: so long they may still have a last request answered. */
  stop(idleGrace = 0): Promise<void> {
    this.#stopped ??= this.#stop(idleGrace)
    return this.#stopped
  }

  kill(): void {
    this.#assembly?.app.kill()
  }

  async reload(): Promise<void> {
    if (this.#assembly === undefined || this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server does not run')
    await this.#assembly.app.reload()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(): Promise<void> {
    try {
      const assembly = await assembleServer({
        plan: this.#plan,
        loggers: this.#loggers,
        addresses: this.#addresses,
      })
      this.#assembly = assembly
      this.#refuseStopped()
      if (!this.#opensLater) await startAll(assembly.fronts)
      this.#refuseStopped()
      await assembly.app.start()
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

  async #stop(idleGrace: number): Promise<void> {
    if (this.#assembly === undefined) return
    const { fronts, app } = this.#assembly
    await app.retire()
    const begun = performance.now()
    const frontsClosed = settleAll(fronts.map((front) => front.stop(idleGrace)))
    // Applications refuse what is new, so they wait for bodies that are still coming, but not for all of the time.
    await endsWithin(frontsClosed, this.#patience / 2)
    const waited = performance.now() - begun
    await settleAll([frontsClosed, app.stop(waited)])
  }

  /** How long running requests may take to finish: the longest time of a group, within that of the server. */
  get #patience(): number {
    const { timeouts, groups } = this.#plan
    const limits = groups.map(({ group }) => toLimit(group.timeouts.shutdown))
    return Math.min(toLimit(timeouts.shutdown), Math.max(...limits))
  }
}

/** One after the other: what cannot be listened on ends the start before more is opened. */
async function startAll(fronts: readonly Front[]): Promise<void> {
  for (const front of fronts) await front.start()
}
