import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { endsWithin } from '../core/ends-within.ts'
import type { Findings, LoadingApplication } from '../core/backend.ts'
import { answerError } from '../core/answer-error.ts'
import { TaipanError } from '../core/errors.ts'
import type { Handler } from '../core/exchange.ts'
import type { Front } from '../core/front.ts'
import type { AppStatus, ServerStatus } from '../core/group-status.ts'
import type { Service } from '../core/service.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { toLimit } from '../core/time-limit.ts'
import type { ListenAddress } from '../streams/listening/addresses.ts'
import type { Certificates } from '../streams/tls/given-certificates.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type { AppLoggers, PlannedApp } from './app.ts'
import {
  assembleApp,
  assembleFronts,
  assembleServer,
  findHttpsPort,
  type Assembly,
} from './assemble.ts'
import { haveSameFronts } from './same-plan.ts'
import { KeptAddresses } from './kept-addresses.ts'
import { validateStillServed } from './still-served.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import type { GivenLogs } from './live-logs.ts'
import { findMetrics } from './observers.ts'
import { giveUpRights } from './give-up-rights.ts'
import type { ServerPlan } from './config/resolved.ts'
import type { Scaled } from '../control/controlled.ts'
import { describeServer } from './describe-server.ts'
import { loadCertificates } from './load-certificates.ts'
import { requireGroup } from './require-group.ts'
import { settleAll } from './settle-all.ts'
import { WorkerRights } from './worker-rights.ts'

/** A running server of Python applications. */
export interface Server extends AsyncDisposable {
  /** Addresses: `http://127.0.0.1:8000`, `unix:/run/taipan.sock`. */
  readonly urls: readonly string[]
  /** Stops accepting, lets running requests finish within `timeouts.shutdown`, and ends the workers. May be called twice. */
  stop(): Promise<void>
  /**
   * Reloads the applications and the programs; the old code serves until the new code is ready. Rejects if something cannot be
   * loaded; the message says for each process group and program which code serves. A call during a reload begins it again; both settle with what
   * comes of that.
   */
  reload(): Promise<void>
}

/** A server that must be started, once. */
export interface RunnableServer extends Server, Service {
  /** Findings about loaded applications, by group. */
  readonly findings: Readonly<Record<string, Findings>>
  /** Why groups cannot be served, by group. */
  readonly failures: GroupFailures
  /** Number of exchanges so far. */
  readonly exchanges: number
  /** The applications that are being loaded, as far as that is known. */
  readonly loading: readonly LoadingApplication[]
  /** The whole server, at the moment; what does not answer in time is missing. */
  status(): Promise<ServerStatus>
  /** What each process that has fronts has measured; empty without metrics. */
  measure(): Promise<readonly MeasuredMetrics[]>
  /** What runs in the workers at the moment. */
  stacks(): Promise<readonly WorkerStacks[]>
  /** Changes the number of processes of a group. Throws `NOT_FOUND`, or `USAGE` when the group cannot have another one. */
  scale(group: string, processes: number): Scaled
  /** Serves another plan from now on, with other logs if they are given; rejects, with the old one served, when that cannot be. */
  reconfigure(plan: ServerPlan, logs?: GivenLogs): Promise<void>
  /** Kills all child processes and their children at once, because this process is about to exit. */
  kill(): void
}

// Time for a last request on idle connections whose front is replaced.
const IDLE_GRACE_MS = 1000
// Time for what is asked about requests before they are given to an application.
const LAST_CHECKS_MS = 500

/** What another process gives to a server. */
export interface GivenParts {
  /** They stay closed until `open`. */
  readonly addresses: readonly ListenAddress[]
  readonly certificates: Certificates | undefined
}

/** A server in this process: an app with fronts. */
export class PlannedServer implements RunnableServer {
  #plan: ServerPlan
  #loggers: AppLoggers
  readonly #given: GivenParts | undefined
  readonly #kept = new KeptAddresses()
  /** Of the newest app; an exchange that has begun stays with its own. */
  #answer: Handler = (exchange) => answerError(exchange, 'STOPPING')
  readonly #handler: Handler = (exchange) => this.#answer(exchange)
  readonly #rights = new WorkerRights()
  #certificates: Certificates | undefined
  #assembly: Assembly | undefined
  /** Ends of what another configuration has replaced. */
  readonly #retirements = new Set<Promise<void>>()
  readonly #retired = new Set<PlannedApp>()
  /** Of another configuration, while it starts. */
  #next: PlannedApp | undefined
  /** Exchanges of fronts that have been replaced. */
  #earlierExchanges = 0
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** `given` is in place of what the plan says. */
  constructor(plan: ServerPlan, loggers: AppLoggers, given?: GivenParts) {
    this.#plan = plan
    this.#loggers = loggers
    this.#given = given
    this.#certificates = given?.certificates
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

  get loading(): readonly LoadingApplication[] {
    return this.#assembly?.app.loading ?? []
  }

  /** All that answers, at the moment. */
  get appStatus(): AppStatus {
    return this.#assembly?.app.status ?? { groups: [], programs: [], upstreams: [] }
  }

  status(): Promise<ServerStatus> {
    return Promise.resolve(describeServer(this, this.appStatus))
  }

  async measure(): Promise<readonly MeasuredMetrics[]> {
    const { metrics } = this.#loggers
    return metrics === undefined ? [] : [await metrics.measure()]
  }

  async stacks(): Promise<readonly WorkerStacks[]> {
    return (await this.#assembly?.app.stacks()) ?? []
  }

  scale(group: string, processes: number): Scaled {
    requireGroup(group, this.#plan)
    this.#assembly?.app.scale(group, processes)
    return { group, processes }
  }

  get exchanges(): number {
    let exchanges = this.#earlierExchanges
    for (const front of this.#assembly?.fronts ?? []) exchanges += front.exchanges
    return exchanges
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** After the start: as `Backend.onFull` for all backends; the server is full if one is. */
  onFull(listener: (full: boolean) => void): void {
    this.#assembly?.app.onFull(listener)
  }

  /** As `PlannedApp.idle`. */
  get idle(): number {
    return this.#assembly?.app.idle ?? Infinity
  }

  /** After the start: as `Backend.onFindings` for all backends. */
  onFindings(listener: () => void): void {
    this.#assembly?.app.onFindings(listener)
  }

  /** As `PlannedApp.refreshPages`. */
  refreshPages(version: string): void {
    this.#assembly?.app.refreshPages(version)
  }

  /** Begins to accept connections, unless `start` did. */
  async open(): Promise<void> {
    this.#refuseStopped()
    if (this.#assembly !== undefined) await startAll(this.#assembly.fronts)
  }

  /** Announces a stop: no worker is replaced from now on. */
  prepareStop(): void {
    this.#assembly?.app.prepareStop()
  }

  /**
   * Idle connections end after `idleGrace` ms, so that a last request can still be answered. Running requests have
   * `patience` ms; the times of the plan by default.
   */
  stop(idleGrace = 0, patience = this.#patience): Promise<void> {
    this.#stopped ??= this.#stop(idleGrace, patience).finally(() => this.#rights.stop())
    return this.#stopped
  }

  kill(): void {
    this.#assembly?.app.kill()
    this.#next?.kill()
    for (const app of this.#retired) app.kill()
  }

  async reload(): Promise<void> {
    if (this.#assembly === undefined || this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server does not run')
    await this.#certificates?.refresh()
    await this.#assembly.app.reload()
  }

  /**
   * Serves another plan from now on. Its app is started first, then it gets all requests, and what was there before ends
   * with those that it has; addresses that stay are not closed meanwhile. Rejects, with the old plan served, when the new
   * one cannot be.
   */
  async reconfigure(plan: ServerPlan, logs?: GivenLogs): Promise<void> {
    const before = this.#assembly
    if (before === undefined || this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server does not run')
    const { accessLog } = logs ?? this.#loggers
    const metrics = await findMetrics(plan, this.#loggers.metrics)
    const loggers = { ...this.#loggers, accessLog, metrics }
    const app = await assembleApp(plan, loggers, {
      findHttpsPort: () => findHttpsPort(this.urls),
      rights: this.#rights,
    })
    this.#next = app
    try {
      this.#refuseStopped()
      await app.startBeside()
      if (!plan.dev)
        validateStillServed({ plan: this.#plan, served: before.app }, { plan, served: app })
      this.#refuseStopped()
      await this.#exchange(before, app, plan)
      this.#loggers = loggers
    } catch (error) {
      await app.handOver(this.#plan)
      throw error
    } finally {
      this.#next = undefined
    }
  }

  async #exchange(before: Assembly, app: PlannedApp, plan: ServerPlan): Promise<void> {
    const fronts = haveSameFronts(this.#plan, plan) ? before.fronts : await this.#createFronts(plan)
    const assembly = { app, fronts }
    app.onFindings(() => expectWebSockets(assembly))
    expectWebSockets(assembly)
    this.#answer = app.handler
    this.#assembly = assembly
    this.#plan = plan
    const retirement = this.#retire(before, fronts).finally(() => {
      this.#retirements.delete(retirement)
      this.#retired.delete(before.app)
    })
    this.#retirements.add(retirement)
    // It fails only if the server stops meanwhile.
    app.takeServices(before.app).catch(() => {})
    this.#retired.add(before.app)
  }

  /** Makes other fronts, which have taken over the addresses when this resolves. */
  async #createFronts(plan: ServerPlan): Promise<readonly Front[]> {
    const { logger } = this.#loggers
    const addresses = await this.#kept.list(plan.addresses)
    await this.#kept.open()
    const isSameTls = isDeepStrictEqual(plan.tls, this.#plan.tls)
    const certificates = isSameTls ? this.#certificates : await loadCertificates(plan, logger)
    const parts = {
      plan,
      loggers: this.#loggers,
      addresses,
      certificates,
      handler: this.#handler,
      listUrls: () => this.urls,
    }
    const fronts = await assembleFronts(parts)
    try {
      await startAll(fronts)
    } catch (error) {
      if (!isSameTls) certificates?.stop()
      await this.#kept.closeUnused()
      throw error
    }
    if (!isSameTls) this.#certificates?.stop()
    this.#certificates = certificates
    return fronts
  }

  async #retire({ app, fronts }: Assembly, kept: readonly Front[]): Promise<void> {
    const begun = performance.now()
    const patience = this.#patience
    const served = this.#plan
    await app.retire()
    const left = fronts === kept ? [] : fronts
    const closed = settleAll(left.map((front) => front.stop(IDLE_GRACE_MS)))
    // Requests whose bodies are still arriving, or that somebody checks, are not with their application yet.
    await Promise.all([endsWithin(app.gathered(), patience / 2), delay(LAST_CHECKS_MS)])
    await settleAll([closed, app.handOver(served, performance.now() - begun)])
    for (const { exchanges } of left) this.#earlierExchanges += exchanges
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #start(): Promise<void> {
    try {
      this.#certificates ??= await loadCertificates(this.#plan, this.#loggers.logger)
      const addresses = this.#given?.addresses ?? (await this.#kept.list(this.#plan.addresses))
      const assembly = await assembleServer({
        plan: this.#plan,
        loggers: this.#loggers,
        addresses,
        certificates: this.#certificates,
        handler: this.#handler,
        listUrls: () => this.urls,
        rights: this.#rights,
      })
      this.#assembly = assembly
      this.#answer = assembly.app.handler
      this.#refuseStopped()
      if (this.#given === undefined) await startAll(assembly.fronts)
      this.#refuseStopped()
      const { account } = this.#plan
      if (account !== undefined) giveUpRights(this.#plan, account, this.#loggers.logger)
      assembly.app.onFindings(() => expectWebSockets(assembly))
      await assembly.app.start()
      this.#refuseStopped()
    } catch (error) {
      await this.stop()
      // They may have been loaded after the stop.
      this.#certificates?.stop()
      throw error
    }
  }

  #refuseStopped(): void {
    if (this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server was stopped while it started')
  }

  async #stop(idleGrace: number, patience: number): Promise<void> {
    this.#certificates?.stop()
    if (this.#assembly === undefined) return
    const { fronts, app } = this.#assembly
    await app.retire()
    const begun = performance.now()
    const frontsClosed = settleAll(fronts.map((front) => front.stop(idleGrace)))
    // Waits for bodies that are still arriving, but leaves the applications half of the time.
    await endsWithin(frontsClosed, patience / 2)
    const waited = performance.now() - begun
    const others = [
      ...this.#retirements,
      ...(this.#next === undefined ? [] : [this.#next.handOver(this.#plan)]),
    ]
    await settleAll([frontsClosed, app.stop(waited), ...others])
  }

  /** Time for running requests to finish: the longest of all groups, limited by that of the server. */
  get #patience(): number {
    const { timeouts, groups } = this.#plan
    const own = toLimit(timeouts.shutdown)
    const limits = groups.map(({ group }) => toLimit(group.timeouts.shutdown))
    // Files and programs belong to no group.
    return limits.length === 0 ? own : Math.min(own, Math.max(...limits))
  }
}

/** ASGI applications mostly have them, so what they need is loaded before the first client asks. */
function expectWebSockets({ app, fronts }: Assembly): void {
  const found = Object.values(app.findings).flatMap(({ applications }) => applications)
  if (!found.some(({ interface: called }) => called === 'asgi')) return
  for (const front of fronts) front.expectWebSockets()
}

/** Starts one after the other, so that a failure ends the start before others listen. */
async function startAll(fronts: readonly Front[]): Promise<void> {
  for (const front of fronts) await front.start()
}
