import type { Backend, Findings, LoadingApplication } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { Handler } from '../core/exchange.ts'
import type { AppStatus } from '../core/group-status.ts'
import type { Logger } from '../core/logger.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import type { SupervisedUpstream, Upstream } from '../core/upstream.ts'
import { type GroupFailures, describeError } from '../backends/group/unserved.ts'
import type { Unserved } from '../processes/reported-failures.ts'
import type { Cause } from '../processes/cause.ts'
import type { ServiceNews } from '../processes/supervisor-log.ts'
import { hasIndependentRoutes } from './config/independent-routes.ts'
import { renewEnvironment } from './config/group-environment.ts'
import type { ServerPlan } from './config/resolved.ts'
import { CronJobs } from './cron-jobs.ts'
import { reloadGroup, reloadProgram, validateReloaded, type OnReload } from './reload-outcome.ts'
import { createReloader, type Reloader } from './reloader.ts'
import type { Observers } from './observers.ts'
import type { Gatherer } from '../pipeline/gather.ts'
import type { PageRefresh } from '../pipeline/refresh/page-refresh.ts'
import { removeTemporaryFolder, removeTemporaryFolderNow } from './session-folder.ts'
import type { ScriptChecks } from './script-checks.ts'
import { settleAll } from './settle-all.ts'
import { StopLog } from './stop-log.ts'

/** A server without a place to listen. */
export interface App extends AsyncDisposable {
  /** Answers an exchange of any front. Exchanges for applications wait until these are loaded, and get 503 after `stop`. */
  readonly handler: Handler
  /** Resolves when the applications are loaded. Rejects with a `TaipanError`, leaving nothing behind. */
  start(): Promise<void>
  /** Lets running requests finish within `timeouts.shutdown`, and ends workers and programs. May be called twice. */
  stop(): Promise<void>
  /**
   * Reloads the applications and the programs; the old code serves until the new code is ready. Rejects if something cannot be
   * loaded; the message says for each process group and program which code serves. A call during a reload begins it again; both settle with what
   * comes of that.
   */
  reload(): Promise<void>
}

/** Loggers of an app. */
export interface AppLoggers extends Observers {
  readonly logger: Logger
  /** The parent process tells what is loaded. */
  readonly startIsTold?: boolean
  /** Tells the parent process what is served, or not; by default that is logged. */
  readonly tell?: (news: ServiceNews) => void
  /** Replaces this process, of which embedded Python has reached a limit. */
  readonly replaceProcess?: (cause: Cause) => void
  /** Applies a changed configuration file, and reloads. */
  readonly reconfigure?: (() => Promise<void>) | undefined
  readonly onReload?: OnReload | undefined
  /** The file of an application has changed that only another process can load. */
  readonly onScriptChange?: (path: string) => void
  /** Version of the first pages, of the parent process. */
  readonly pageVersion?: string
}

/** The parts of an app. */
export interface AppParts {
  readonly plan: ServerPlan
  readonly logger: Logger
  readonly handler: Handler
  /** By group. */
  readonly backends: ReadonlyMap<string, Backend>
  /** By name. */
  readonly programs: ReadonlyMap<string, SupervisedUpstream>
  /** Everything that answers outside of Node, including the backends and the programs; by name. */
  readonly upstreams: ReadonlyMap<string, Upstream>
  /** Applies a changed configuration file; undefined: nobody can. */
  readonly reconfigure?: (() => Promise<void>) | undefined
  readonly onReload?: OnReload | undefined
  /** Undefined: nothing waits for bodies. */
  readonly gatherer?: Gatherer | undefined
  /** Looks at the files of applications; undefined: nothing does. */
  readonly scripts?: ScriptChecks | undefined
  /** Undefined: pages are left as they are. */
  readonly pages?: PageRefresh | undefined
}

/** The app of a plan, in this process. */
export class PlannedApp implements App {
  readonly handler: Handler
  readonly #plan: ServerPlan
  readonly #backends: ReadonlyMap<string, Backend>
  readonly #programs: ReadonlyMap<string, SupervisedUpstream>
  /** Started and stopped together. */
  readonly #upstreams: ReadonlyMap<string, Upstream>
  readonly #stopLog: StopLog
  readonly #reloader: Reloader | undefined
  readonly #scripts: ScriptChecks | undefined
  readonly #gatherer: Gatherer | undefined
  readonly #pages: PageRefresh | undefined
  /** Names of groups that answer no requests. */
  readonly #services: ReadonlySet<string>
  readonly #cron: CronJobs
  #onFindings: () => void = () => {}
  #unserved = ''
  /** The folder for sessions belongs to another app, too. */
  #sharesFolder = false
  /** Starts and reloads in progress. */
  #loads = 0
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(parts: AppParts) {
    const { plan, logger, handler, backends, programs, upstreams, scripts, pages } = parts
    this.handler = handler
    this.#plan = plan
    this.#backends = backends
    this.#programs = programs
    this.#upstreams = upstreams
    this.#stopLog = new StopLog(logger, [...upstreams.values()])
    this.#scripts = scripts
    this.#gatherer = parts.gatherer
    this.#pages = pages
    const services = plan.groups.filter(({ group }) => group.service !== undefined)
    this.#services = new Set(services.map(({ group }) => group.name))
    this.#cron = new CronJobs({ jobs: plan.cron, backends, logger })
    for (const backend of backends.values()) backend.onFindings(() => this.#noteFindings())
    this.#reloader = createReloader(plan, {
      logger,
      reload: () => {
        const reloading = this.reload()
        parts.onReload?.(reloading)
        return reloading
      },
      refresh: () => this.refreshPages(),
      reconfigure: parts.reconfigure,
    })
  }

  /** Findings about loaded applications, by group. */
  get findings(): Readonly<Record<string, Findings>> {
    const findings: Record<string, Findings> = {}
    for (const [name, backend] of this.#backends)
      if (backend.findings !== undefined) findings[name] = backend.findings
    return findings
  }

  /** Why groups cannot be served, by group. */
  get failures(): GroupFailures {
    const failures: Record<string, Unserved> = {}
    for (const [name, { failure }] of this.#backends)
      if (failure !== undefined && !this.#services.has(name))
        failures[name] = describeError(failure)
    return failures
  }

  /** All that answers, at the moment. */
  get status(): AppStatus {
    const supervised = new Set<Upstream>(this.#supervised)
    return {
      groups: [...this.#backends.values()].map(({ status }) => status),
      programs: [...this.#programs].map(([name, { processes, statistics: requests }]) => ({
        name,
        ...processes,
        requests,
      })),
      upstreams: [...this.#upstreams]
        .filter(([, upstream]) => !supervised.has(upstream))
        .map(([name, { statistics: requests }]) => ({ name, requests })),
    }
  }

  /** What runs in the workers at the moment. */
  async stacks(): Promise<readonly WorkerStacks[]> {
    const all = [...this.#backends.values()].map((backend) => backend.stacks())
    return (await Promise.all(all)).flat()
  }

  /** Changes the number of workers of a group. Throws `USAGE` when it cannot have another one. */
  scale(group: string, processes: number): void {
    const { group: facts } = this.#plan.groups.find((one) => one.group.name === group) ?? {}
    if (facts?.engine === 'embedded')
      throw new TaipanError('USAGE', `group ${group} is embedded: it has one process`)
    const most = facts?.scaling?.max ?? Infinity
    if (processes > most)
      throw new TaipanError(
        'USAGE',
        `group ${group} scales itself, to at most ${most} processes, found ${processes}; change "processes" and reload`,
      )
    this.#backends.get(group)?.resize(processes)
  }

  /** The applications that are being loaded, as far as that is known. */
  get loading(): readonly LoadingApplication[] {
    return [...this.#backends.values()].flatMap(({ loading }) => loading)
  }

  async start(): Promise<void> {
    await this.startBeside()
    await this.takeServices(undefined)
  }

  /** As `start`, but without services and jobs, which another app still has: `takeServices` begins them. */
  startBeside(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Begins services and jobs when those of another app have ended. */
  async takeServices(before: PlannedApp | undefined): Promise<void> {
    await before?.stopServices()
    if (this.#stopped !== undefined) return
    await Promise.all(this.#listUpstreams(true).map((service) => service.start()))
    if (this.#stopped === undefined) this.#cron.start()
  }

  /** Ends services and jobs. */
  async stopServices(): Promise<void> {
    this.#cron.stop()
    await Promise.all(this.#listUpstreams(true).map((service) => service.stop()))
  }

  /** As `Backend.onFull` for all backends; the app is full if one is. */
  onFull(listener: (full: boolean) => void): void {
    const backends = new Set<Backend>()
    for (const backend of this.#backends.values())
      backend.onFull((full) => {
        if (full) backends.add(backend)
        else backends.delete(backend)
        listener(backends.size > 0)
      })
  }

  /** Number of requests that could begin now, whatever they ask for; `Infinity` while no backend runs. */
  get idle(): number {
    let least = Infinity
    for (const { capacity } of this.#backends.values())
      if (capacity.total > 0 && capacity.idle < least) least = capacity.idle
    return least
  }

  /** As `Backend.onFindings` for all backends. */
  onFindings(listener: () => void): void {
    this.#onFindings = listener
  }

  /** Pages in browsers load again, if they follow changes; `version` is the new one, of the parent process. */
  refreshPages(version?: string): void {
    this.#pages?.refresh(version)
  }

  /** Announces a stop: no process is replaced from now on, running ones continue. */
  prepareStop(): void {
    this.#cron.stop()
    for (const one of this.#supervised) one.prepareStop()
  }

  /** As `prepareStop`; also stops watching files. */
  async retire(): Promise<void> {
    this.#stopLog.tellBegin()
    this.prepareStop()
    this.#pages?.close()
    await this.#reloader?.stop()
  }

  /** Lets requests finish within `timeouts.shutdown`, of which `waited` ms have passed, then ends the workers. */
  stop(waited = 0): Promise<void> {
    this.#stopped ??= this.#stop(waited)
    return this.#stopped
  }

  /** As `stop`, but what it shares with an app of the plan that is served stays. */
  handOver(served: Pick<ServerPlan, 'temporaryFolder'>, waited = 0): Promise<void> {
    this.#sharesFolder = served.temporaryFolder === this.#plan.temporaryFolder
    return this.stop(waited)
  }

  /** Resolves when no body of a request is awaited before that is given to an application. */
  async gathered(): Promise<void> {
    await this.#gatherer?.drained()
  }

  /** Kills all processes and their children at once. */
  kill(): void {
    for (const one of this.#supervised) one.kill()
    removeTemporaryFolderNow(this.#plan)
  }

  async reload(): Promise<void> {
    if (this.#started === undefined) throw new TaipanError('STOPPING', 'the app was not started')
    this.#refuseStopped()
    this.#scripts?.renew()
    for (const { group } of renewEnvironment(this.#plan).groups)
      this.#backends.get(group.name)?.setEnvironment(group.environment)
    const { dev } = this.#plan
    const reload = () => [
      ...[...this.#backends].map(([name, one]) => reloadGroup(name, one, dev)),
      ...[...this.#programs].map(([name, one]) => reloadProgram(name, one)),
    ]
    try {
      validateReloaded(await this.#load(reload))
    } finally {
      this.refreshPages()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  get #supervised(): readonly SupervisedUpstream[] {
    return [...this.#backends.values(), ...this.#programs.values()]
  }

  /** What runs without requests, or what answers them. */
  #listUpstreams(areServices: boolean): Upstream[] {
    return [...this.#upstreams].flatMap(([name, upstream]) =>
      this.#services.has(name) === areServices ? [upstream] : [],
    )
  }

  async #start(): Promise<void> {
    try {
      this.#refuseStopped()
      await this.#load(() => this.#listUpstreams(false).map((upstream) => upstream.start()))
      this.#refuseStopped()
      this.#validateServed()
      await this.#reloader?.start()
      this.#refuseStopped()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #load<T>(begin: () => readonly Promise<T>[]): Promise<T[]> {
    this.#loads += 1
    try {
      return await Promise.all(begin())
    } finally {
      this.#loads -= 1
    }
  }

  /** Pages show whether an application is served, and why not. */
  #noteFindings(): void {
    this.#onFindings()
    if (this.#pages === undefined) return
    const found = Object.values(this.findings).flatMap(({ applications }) => applications)
    const unserved = JSON.stringify([this.failures, found.map(({ failure }) => failure)])
    if (unserved === this.#unserved) return
    this.#unserved = unserved
    if (this.#loads === 0) this.refreshPages()
  }

  async #stop(waited: number): Promise<void> {
    await this.retire()
    try {
      await settleAll([...this.#upstreams.values()].map((upstream) => upstream.stop(waited)))
    } finally {
      if (!this.#sharesFolder) await removeTemporaryFolder(this.#plan)
    }
    this.#stopLog.tellEnd()
  }

  #refuseStopped(): void {
    if (this.#stopped !== undefined) throw new TaipanError('STOPPING', 'the app was stopped')
  }

  /** Throws if nothing can be served that is worth running for. */
  #validateServed(): void {
    const { startAnyway, groups: all, routes } = this.#plan
    if (startAnyway) return
    const groups = all.filter(({ group }) => group.service === undefined)
    const programs = [...this.#programs.values()]
    const failures = groups.flatMap(({ group }) => this.#backends.get(group.name)?.failure ?? [])
    const fatal =
      failures.find(({ code }) => code !== 'APPLICATION_LOAD') ??
      programs.find(({ failure }) => failure?.code === 'PROGRAM_START')?.failure
    if (fatal !== undefined) throw fatal
    const servesOthers =
      hasIndependentRoutes(routes) || programs.some(({ failure }) => failure === undefined)
    if (servesOthers || failures.length === 0 || failures.length < groups.length) return
    const reasons = failures.map(({ message }) => message).join('; ')
    // Failures with retries were logged by their groups already.
    const hidden = failures.filter((_, index) => groups[index]?.group.retries === false)
    const cause = hidden.map((failure) => describeError(failure).traceback).join('\n')
    throw new TaipanError('APPLICATION_LOAD', reasons, { cause: cause || reasons })
  }
}
