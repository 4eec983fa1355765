import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { HealthCheck } from '../processes/health-check.ts'
import type { LoadingApplication } from '../core/backend.ts'
import type { ServerStatus } from '../core/group-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { MeasuredMetrics } from '../telemetry/metrics/process-metrics.ts'
import { describeServer } from './describe-server.ts'
import { requireGroup } from './require-group.ts'
import { choosePythons } from './choose-python.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import { renewEnvironment } from './config/group-environment.ts'
import type { ServerPlan } from './config/resolved.ts'
import type { GivenLogs } from './live-logs.ts'
import { PageVersions } from './page-versions.ts'
import {
  judgeFailed,
  requireFailure,
  validateReloaded,
  type OnReload,
  type ReloadOutcome,
} from './reload-outcome.ts'
import { judgeGroup } from './judge-group.ts'
import { settleAll } from './settle-all.ts'
import { createReloader, type Reloader } from './reloader.ts'
import { loadCertificates } from './load-certificates.ts'
import type { Front } from '../core/front.ts'
import type { ListenAddress } from '../streams/listening/addresses.ts'
import type { Certificates } from '../streams/tls/given-certificates.ts'
import type { RunnableServer } from './server.ts'
import { readVersion } from '../pipeline/changed-script.ts'
import { forgetLooks } from '../pipeline/looks.ts'
import { findScript } from './script-checks.ts'
import { reportPlan } from './report-plan.ts'
import { LeftFolders } from './left-folders.ts'
import { createHealthCheck } from './replica-health.ts'
import { OwnServices, type NextServices } from './own-services.ts'
import { countReplicas, demandServed, dividePlan } from './divide-plan.ts'
import { expandLocalhost } from '../streams/listening/both-families.ts'
import { SharedSockets, type NextSockets } from '../replicas/shared-sockets.ts'
import type { Scaled } from '../control/controlled.ts'
import type { GroupFindings, LogSettings } from '../replicas/messages.ts'
import type { Replica } from '../replicas/replica.ts'
import { ReplicaSet } from '../replicas/replica-set.ts'

/** Logger of a replicated server, and settings for the loggers of its replicas. */
export interface ReplicatedLogging {
  readonly logger: ServerLogger
  readonly settings: LogSettings
  /** Applies a changed configuration file, and reloads; undefined: nobody can. */
  readonly reconfigure?: (() => Promise<void>) | undefined
  readonly onReload?: OnReload | undefined
}

/** What new replicas are given. */
interface ServedPlan {
  readonly plan: ServerPlan
  readonly renewed: ServerPlan
  readonly settings: LogSettings
  readonly certificates: Certificates | undefined
}

const NOTHING = { status: { groups: [], programs: [], upstreams: [] }, exchanges: 0 }

/**
 * A server whose requests are served by replicas: it keeps the listening sockets and supervises Node processes with
 * embedded Python, which accept the connections.
 */
export class ReplicatedServer implements RunnableServer {
  readonly exchanges = 0
  #plan: ServerPlan
  readonly #logging: ReplicatedLogging
  readonly #pages = new PageVersions()
  readonly #services: OwnServices
  /** The plan with the present values of its environment files. */
  #renewed: ServerPlan
  #settings: LogSettings
  #certificates: Certificates | undefined
  #sockets: SharedSockets | undefined
  #replicas: ReplicaSet | undefined
  #healthCheck: HealthCheck<Replica> | undefined
  #reloader: Reloader | undefined
  #scriptReload = Promise.resolve()
  readonly #leftFolders = new LeftFolders()
  /** Versions of files for which replicas were replaced. */
  readonly #triedScripts = new Map<string, string | undefined>()
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(plan: ServerPlan, logging: ReplicatedLogging) {
    this.#plan = plan
    this.#renewed = plan
    this.#logging = logging
    this.#services = new OwnServices(logging.logger)
    this.#settings = logging.settings
  }

  get urls(): readonly string[] {
    return this.#sockets?.urls ?? []
  }

  get loading(): readonly LoadingApplication[] {
    return this.#replicas?.loading ?? []
  }

  get findings(): GroupFindings {
    return this.#replicas?.findings ?? {}
  }

  get failures(): GroupFailures {
    return this.#replicas?.failures ?? {}
  }

  async measure(): Promise<readonly MeasuredMetrics[]> {
    return (await this.#replicas?.measure()) ?? []
  }

  async status(): Promise<ServerStatus> {
    const { status, exchanges } = (await this.#replicas?.describe()) ?? NOTHING
    const groups = [...status.groups, ...this.#services.status]
    return describeServer({ urls: this.urls, exchanges }, { ...status, groups })
  }

  async stacks(): Promise<readonly WorkerStacks[]> {
    const all = await Promise.all([this.#replicas?.stacks() ?? [], this.#services.stacks()])
    return all.flat()
  }

  scale(group: string, processes: number): Scaled {
    requireGroup(group, this.#plan)
    if (this.#services.scale(group, processes)) return { group, processes }
    throw new TaipanError(
      'USAGE',
      `group ${group} cannot be scaled: its Python is in the processes of a server with embedded Python; change "processes" and reload`,
    )
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  kill(): void {
    this.#replicas?.kill()
    this.#services.kill()
    this.#leftFolders.removeNow(this.#plan)
  }

  async reload(): Promise<void> {
    if (this.#replicas === undefined || this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server does not run')
    await this.#certificates?.refresh()
    this.#renewed = renewEnvironment(this.#renewed)
    this.#pages.advance()
    const [outcomes] = await Promise.all([
      this.#reloadReplicas(this.#replicas),
      this.#services.reload(),
    ])
    validateReloaded(outcomes)
  }

  async reconfigure(plan: ServerPlan, logs?: GivenLogs): Promise<void> {
    const replicas = this.#replicas
    if (replicas === undefined || this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server does not run')
    const before = this.#served
    const next = await this.#prepare(plan, logs)
    const { sockets, services } = await this.#openOthers(next)
    this.#serve(replicas, next)
    this.#pages.advance()
    const outcomes = await this.#reloadReplicas(replicas)
    const isKept = outcomes.some(({ state }) => state === 'kept')
    if (isKept) this.#serve(replicas, before)
    const unused = isKept ? next : before
    if (unused.certificates !== this.#certificates) unused.certificates?.stop()
    if (isKept) {
      sockets?.revert()
      await services.drop()
    } else {
      sockets?.keep()
      this.#leftFolders.leave(before.plan, plan)
      replicas.resize(this.#count)
      await services.begin()
    }
    validateReloaded(outcomes)
  }

  /** What may fail before anything of the plan is served. */
  async #openOthers({ renewed, certificates }: ServedPlan): Promise<{
    readonly sockets: NextSockets | undefined
    readonly services: NextServices
  }> {
    let services: NextServices | undefined
    try {
      this.#refuseStopped()
      services = await this.#services.prepare(renewed)
      this.#refuseStopped()
      return { sockets: await this.#sockets?.change(renewed.addresses), services }
    } catch (error) {
      await services?.drop()
      if (certificates !== this.#certificates) certificates?.stop()
      throw error
    }
  }

  /** As many as the embedded groups have processes. */
  get #count(): number {
    return countReplicas(this.#plan)
  }

  get #served(): ServedPlan {
    return {
      plan: this.#plan,
      renewed: this.#renewed,
      settings: this.#settings,
      certificates: this.#certificates,
    }
  }

  async #prepare(plan: ServerPlan, logs: GivenLogs | undefined): Promise<ServedPlan> {
    const before = this.#served
    const groups = await choosePythons(plan, this.#logging)
    const isSameBind = isDeepStrictEqual(plan.addresses, before.plan.addresses)
    const addresses = isSameBind ? before.renewed.addresses : await expandLocalhost(plan.addresses)
    const isSameTls = isDeepStrictEqual(plan.tls, before.plan.tls)
    return {
      plan,
      renewed: { ...plan, groups, addresses },
      settings: logs?.settings ?? before.settings,
      certificates: isSameTls
        ? before.certificates
        : await loadCertificates(plan, this.#logging.logger),
    }
  }

  /** New replicas are of this plan; `renewed` is it with all that was found for it. */
  #serve(replicas: ReplicaSet, { plan, renewed, settings, certificates }: ServedPlan): void {
    this.#plan = plan
    this.#renewed = renewed
    this.#settings = settings
    this.#certificates = certificates
    if (certificates !== undefined)
      certificates.onChange = (material) => replicas.renewCertificates(material)
    replicas.replan(dividePlan(renewed, this.#count))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** What is there now is about to be tried. */
  #noteScripts(): void {
    forgetLooks()
    for (const { group } of this.#plan.groups)
      for (const application of group.applications) {
        const path = findScript(application, this.#plan)
        if (path !== undefined) this.#triedScripts.set(path, readVersion(path))
      }
  }

  async #reloadReplicas(replicas: ReplicaSet): Promise<ReloadOutcome[]> {
    this.#noteScripts()
    try {
      await replicas.reload()
    } catch (error) {
      const state = judgeFailed(replicas.failure, this.#plan.dev)
      return [{ subject: '', state, error: requireFailure(error) }]
    }
    return this.#plan.groups
      .filter(({ group }) => group.service === undefined)
      .map(({ group }) => judgeGroup(group, replicas))
  }

  async #start(): Promise<void> {
    const { logger } = this.#logging
    reportPlan(this.#plan, logger)
    try {
      // Once, so that all replicas have the same, also those that come later.
      const groups = await choosePythons(this.#plan, this.#logging)
      const plan = { ...this.#plan, groups, addresses: await expandLocalhost(this.#plan.addresses) }
      this.#refuseStopped()
      this.#certificates = await loadCertificates(plan, logger)
      this.#refuseStopped()
      const sockets = await this.#openSockets(plan)
      this.#refuseStopped()
      await this.#startReplicas(plan, sockets)
      this.#reloader = createReloader(this.#plan, {
        logger,
        reload: () => this.#reloadChanged(),
        refresh: () => this.#replicas?.refreshPages(this.#pages.advance()),
        reconfigure: this.#logging.reconfigure,
      })
      await this.#reloader?.start()
      this.#refuseStopped()
    } catch (error) {
      await this.stop()
      // Both may have been opened after the stop.
      this.#sockets?.close()
      this.#certificates?.stop()
      throw error
    }
  }

  #refuseStopped(): void {
    if (this.#stopped !== undefined)
      throw new TaipanError('STOPPING', 'the server was stopped while it started')
  }

  async #openSockets({ addresses }: ServerPlan): Promise<SharedSockets> {
    const { logger } = this.#logging
    const sockets = await SharedSockets.open({
      addresses,
      createFront: (own) => this.#createRefusingFront(own),
      logger,
    })
    this.#sockets = sockets
    return sockets
  }

  /** Speaks what the addresses speak, TLS included, while no replica does. */
  async #createRefusingFront(addresses: readonly ListenAddress[]): Promise<Front> {
    const { createRefusingFront } = await import('./refusing-front.ts')
    const { logger } = this.#logging
    const material = this.#certificates?.material
    return await createRefusingFront({ plan: this.#plan, addresses, material, logger })
  }

  async #startReplicas(plan: ServerPlan, sockets: SharedSockets): Promise<void> {
    const { logger } = this.#logging
    this.#renewed = plan
    const replicas = new ReplicaSet({
      plan: dividePlan(plan, this.#count),
      demandServed: (demands) => demandServed(dividePlan(this.#renewed, this.#count), demands),
      count: this.#count,
      keepsOld: !plan.dev,
      // The one that it replaces may still answer, and must not pass for it.
      choosePageVersion: (aim) => (aim === 'repair' ? this.#pages.advance() : this.#pages.current),
      onScriptChange: (path) =>
        void (this.#scriptReload = this.#scriptReload.then(() => this.#reloadScript(path))),
      sockets,
      chooseMaterial: () => this.#certificates?.material,
      chooseLog: () => this.#settings,
      logger,
    })
    this.#replicas = replicas
    if (this.#certificates !== undefined)
      this.#certificates.onChange = (material) => replicas.renewCertificates(material)
    this.#healthCheck = createHealthCheck(plan, replicas)
    this.#healthCheck.start()
    await replicas.start()
    this.#refuseStopped()
    const services = await this.#services.prepare(plan)
    await services.begin()
  }

  /** Nobody has asked for it but a change of files. */
  #reloadChanged(): Promise<void> {
    const reloading = this.reload()
    this.#logging.onReload?.(reloading)
    return reloading
  }

  /** Each replica tells it once, and new ones have the new code. One waits for another: all of them shall end. */
  async #reloadScript(path: string): Promise<void> {
    const version = readVersion(path)
    if (this.#triedScripts.get(path) === version) return
    const { logger } = this.#logging
    logger.info({ path }, `${basename(path)} has changed: reloading`)
    try {
      await this.#reloadChanged()
      logger.info({}, 'reloaded')
    } catch (error) {
      if (this.#stopped === undefined)
        logger.error({}, error instanceof Error ? error.message : String(error))
    }
  }

  async #stop(): Promise<void> {
    this.#certificates?.stop()
    this.#replicas?.prepareStop()
    this.#services.prepareStop()
    await this.#reloader?.stop()
    this.#sockets?.close()
    try {
      await settleAll([this.#replicas?.stop() ?? Promise.resolve(), this.#services.stop()])
      this.#healthCheck?.stop()
    } finally {
      await this.#leftFolders.remove(this.#plan)
    }
  }
}
