import { Backoff } from '../../backends/group/backoff.ts'
import { describeEnd } from '../../backends/group/worker.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ServerLogger } from '../../telemetry/logger.ts'
import type { ServerPlan } from '../config/resolved.ts'
import { requireLoading } from './divide-plan.ts'
import type { GroupFindings, LogSettings } from './messages.ts'
import type { Reception } from './reception.ts'
import { startReplica, type Replica, type ReplicaExit, type ReplicaListener } from './replica.ts'

// A replica that lived this long has worked, whatever ended it.
const LONG_LIFE_MS = 10_000
// What the replica needs beyond the time that its requests have: lifespans, atexit handlers, its own patience.
const LEAVING_MS = 5000

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

/** What a set of replicas is made of. */
export interface ReplicaSetOptions {
  /** What each of them carries out. */
  readonly plan: ServerPlan
  readonly count: number
  /** Of the doors. */
  readonly urls: readonly string[]
  readonly log: LogSettings
  readonly logger: ServerLogger
  readonly reception: Reception
}

/** Keeps the replicas of a server: starts, replaces, renews and ends them. */
export class ReplicaSet implements ReplicaListener {
  readonly #options: ReplicaSetOptions
  readonly #backoff = new Backoff()
  /** Every process that runs. */
  readonly #replicas = new Set<Replica>()
  /** Those that serve. */
  readonly #active = new Set<Replica>()
  readonly #retirements = new Set<Promise<void>>()
  #phase: Phase = 'new'
  #launching = 0
  /** Grows with each reload; what was launched for an earlier one is not wanted any more. */
  #generation = 0
  #reported = ''
  #findings: GroupFindings = {}
  #retryTimer: NodeJS.Timeout | undefined
  #reloading: Promise<void> | undefined
  #nextReload: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(options: ReplicaSetOptions) {
    this.#options = options
  }

  /** Every process that runs, also those that are starting or leaving. */
  get replicas(): ReadonlySet<Replica> {
    return this.#replicas
  }

  /** What the replica that was admitted last has found. */
  get findings(): GroupFindings {
    return this.#findings
  }

  /** Resolves when all replicas serve; rejects, and leaves none behind, when one cannot. */
  async start(): Promise<void> {
    this.#phase = 'starting'
    const { count, plan } = this.#options
    try {
      await Promise.all(
        Array.from({ length: count }, async () => {
          const failure = await this.#launch(plan, this.#admit)
          if (failure !== undefined) throw failure
        }),
      )
    } catch (error) {
      await this.stop()
      throw error
    }
    if (this.#isOver()) throw new TaipanError('STOPPING', 'the server was stopped while it started')
    this.#phase = 'running'
    this.#maintain()
  }

  /** Lets requests finish within the time for it, then ends all replicas. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Starts new replicas, and retires the old ones when all of them serve. Calls during a reload are answered by the next one. */
  reload(): Promise<void> {
    if (this.#phase !== 'running')
      return Promise.reject(new TaipanError('STOPPING', 'the server does not run'))
    if (this.#reloading === undefined) return this.#beginReload()
    this.#nextReload ??= this.#reloading
      .catch(() => {})
      .then(() => {
        this.#nextReload = undefined
        return this.reload()
      })
    return this.#nextReload
  }

  onRoom(): void {
    this.#options.reception.admit()
  }

  onUnfit(replica: Replica, reason: string): void {
    if (this.#isOver()) return
    this.#options.logger.warn({ worker: replica.label }, `worker ${replica.label} ${reason}`)
    this.#retire(replica)
    this.#maintain()
  }

  onExit(replica: Replica, exit: ReplicaExit): void {
    const { reception } = this.#options
    this.#replicas.delete(replica)
    reception.remove(replica)
    const wasActive = this.#active.delete(replica)
    reception.takeBack(exit.returned)
    if (!wasActive || this.#isOver()) return
    this.#reportDeath(replica, exit)
    if (replica.served > 0 || performance.now() - replica.startedAt > LONG_LIFE_MS)
      this.#backoff.reset()
    else this.#backoff.fail()
    this.#maintain()
  }

  #isOver(): boolean {
    return this.#phase === 'stopping' || this.#phase === 'stopped'
  }

  /** Starts a replica and gives it to `keep` once it serves; tells why it does not. */
  async #launch(
    plan: ServerPlan,
    keep: (replica: Replica) => void,
  ): Promise<TaipanError | undefined> {
    const { urls, log, logger } = this.#options
    const generation = this.#generation
    let replica: Replica
    try {
      replica = await startReplica({ plan, urls, log, logger, listener: this })
    } catch (error) {
      return error instanceof TaipanError ? error : new TaipanError('INTERNAL', String(error))
    }
    this.#replicas.add(replica)
    if (this.#isOver()) void replica.stop(0)
    const failure = await replica.loaded
    if (failure !== undefined || generation !== this.#generation || this.#isOver())
      void replica.stop(LEAVING_MS)
    else keep(replica)
    return failure
  }

  readonly #admit = (replica: Replica): void => {
    this.#reported = ''
    this.#findings = replica.findings
    this.#active.add(replica)
    this.#options.reception.add(replica)
    this.#options.logger.debug({ worker: replica.label }, `worker ${replica.label} is ready`)
  }

  /** Sees to it that there are as many replicas as wanted, or will be. */
  #maintain(): void {
    if (this.#phase !== 'running' || this.#reloading !== undefined) return
    const missing = this.#options.count - this.#active.size - this.#launching
    if (missing <= 0 || this.#retryTimer !== undefined) return
    if (this.#backoff.failures === 0) {
      for (let i = 0; i < missing; i++) void this.#replace()
      return
    }
    // What fails is tried by one replica at a time.
    if (this.#launching > 0) return
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      void this.#replace()
    }, this.#backoff.delay)
    this.#retryTimer.unref()
  }

  async #replace(): Promise<void> {
    this.#launching++
    const generation = this.#generation
    const failure = await this.#launch(this.#options.plan, this.#admit)
    this.#launching--
    if (failure !== undefined && generation === this.#generation) this.#failed(failure)
    this.#maintain()
  }

  #failed(failure: TaipanError): void {
    if (this.#isOver()) return
    this.#backoff.fail()
    this.#reportFailure(failure)
    if (this.#active.size === 0 && this.#reloading === undefined)
      this.#options.reception.refuseAll()
  }

  #reportFailure({ code, message, cause }: TaipanError): void {
    const { logger } = this.#options
    const traceback = typeof cause === 'string' && cause !== message ? cause : undefined
    const text = `${message}\n${traceback}`
    const same = text === this.#reported
    this.#reported = text
    if (same) logger.debug({ code }, message)
    else logger.error(traceback === undefined ? { code } : { code, traceback }, message)
  }

  #reportDeath(replica: Replica, exit: ReplicaExit): void {
    const { code: exitCode, signal, lastOutput } = exit
    this.#options.logger.error(
      { worker: replica.label, exitCode, signal, lastOutput },
      `worker ${replica.label} ended with ${describeEnd(exit)}; its connections are cut`,
    )
  }

  /** Takes a replica out of service; it ends when its requests are done, or too late. */
  #retire(replica: Replica): void {
    this.#active.delete(replica)
    this.#options.reception.remove(replica)
    const retirement = this.#end(replica, true).finally(() => this.#retirements.delete(retirement))
    this.#retirements.add(retirement)
  }

  async #end(replica: Replica, gently: boolean): Promise<void> {
    const grace = replica.starting ? 0 : this.#options.plan.timeouts.shutdown
    const force = await replica.stop(grace + LEAVING_MS, gently)
    if (force !== 'none')
      this.#options.logger.warn(
        { worker: replica.label, signal: force },
        `worker ${replica.label} did not end by itself and got ${force}`,
      )
  }

  async #beginReload(): Promise<void> {
    this.#reloading = this.#reload()
    try {
      await this.#reloading
    } finally {
      this.#reloading = undefined
      this.#maintain()
    }
  }

  async #reload(): Promise<void> {
    const { count, plan } = this.#options
    this.#generation++
    this.#reported = ''
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    const old = [...this.#active]
    const fresh: Replica[] = []
    // What works is replaced only by what works.
    const wanted = old.some(({ works }) => works) ? requireLoading(plan) : plan
    const launches = Array.from({ length: count }, () =>
      this.#launch(wanted, (replica) => fresh.push(replica)),
    )
    const failures = (await Promise.all(launches)).filter((failure) => failure !== undefined)
    const [failure] = failures
    if (failure !== undefined) {
      for (const replica of fresh) this.#retire(replica)
      this.#reportFailure(failure)
      throw failure
    }
    if (this.#isOver())
      throw new TaipanError('STOPPING', 'the server was stopped while it reloaded')
    this.#backoff.reset()
    for (const replica of fresh) if (replica.ready) this.#admit(replica)
    for (const replica of old) if (this.#active.has(replica)) this.#retire(replica)
  }

  async #stop(): Promise<void> {
    const { reception } = this.#options
    this.#phase = 'stopping'
    clearTimeout(this.#retryTimer)
    reception.close()
    await Promise.all([...this.#replicas].map((replica) => this.#end(replica, false)))
    await Promise.all(this.#retirements)
    this.#phase = 'stopped'
  }
}
