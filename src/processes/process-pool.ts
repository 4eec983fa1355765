import { TaipanError } from '../core/errors.ts'
import { Backoff } from './backoff.ts'

// A process that lived this long did start successfully, whatever ended it.
const LONG_LIFE_MS = 10_000

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

/** One process of a pool. */
export interface Member<F> {
  /** `performance.now()` */
  readonly startedAt: number
  /** Requests that it has served. */
  readonly served: number
  /** It serves requests and has not been asked to stop. */
  readonly ready: boolean
  /** Applications that it cannot serve; it serves the others until a better process takes its place. */
  readonly omitted: number
  /** Settles once: with undefined when it is ready, else with the failure. */
  readonly loaded: Promise<F | undefined>
}

/** Result of an attempt to start a member. */
export type Launch<M, F> = { readonly member: M } | { readonly failure: F }

/** Why a member is started: first start, replacing a lost one, a reload, or replacing one that does not serve every application. */
export type Aim = 'start' | 'fill' | 'renew' | 'repair'

/** What the owner of a pool does for the pool. */
export interface PoolOptions<M, F> {
  /** Wanted number of members. */
  readonly size: number
  /** True: members that fail at the first start are retried later. */
  readonly startAnyway: boolean
  /** False: failed starts are not retried, because the parent process does that. */
  readonly retries: boolean
  /** False: a reload retires what works even if nothing that is new can be started. */
  readonly keepsOld: boolean
  /**
   * Starts a process. `failed` has the failures of those that were started in vain just before, for the same place;
   * undefined when a new one could not do better.
   */
  launch(aim: Aim, failed: readonly F[]): Promise<Launch<M, F> | undefined>
  /** Gives it work from now on. */
  admit(member: M): void
  /** Gives it no further work. */
  dismiss(member: M): void
  /** Ends a dismissed member after the requests it has. */
  retire(member: M): Promise<void>
  /** Ends a member that never worked: gracefully, or at once. */
  discard(member: M, atOnce: boolean): void
  /** A member failed to start; `repeated` when the same failure was reported before. */
  report(failure: F, repeated: boolean): void
  /** No member is left; `failure` is that of the last start. */
  onNoneLeft(failure: F): void
  toError(failure: F): Error
  isSame(one: F, other: F): boolean
}

/** Keeps the wanted number of members running: starts, replaces and renews them. */
export class ProcessPool<M extends Member<F>, F extends object> {
  readonly #options: PoolOptions<M, F>
  readonly #backoff = new Backoff()
  readonly #repairs = new Backoff()
  readonly #members = new Set<M>()
  readonly #active = new Set<M>()
  readonly #retirements = new Set<Promise<void>>()
  #phase: Phase = 'new'
  #launching = 0
  /** Incremented by each reload; members started for an earlier generation are discarded. */
  #generation = 0
  #failure: F | undefined
  #reported: F | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #repairTimer: NodeJS.Timeout | undefined
  #repairing = false
  #reloading: Promise<void> | undefined
  #nextReload: Promise<void> | undefined

  constructor(options: PoolOptions<M, F>) {
    this.#options = options
  }

  /** Every running member, including those that are starting or stopping. */
  get members(): ReadonlySet<M> {
    return this.#members
  }

  /** Members that serve requests. */
  get active(): ReadonlySet<M> {
    return this.#active
  }

  /** The failure of the last start, while no member serves requests and no reload is in progress. */
  get failure(): F | undefined {
    return this.#active.size > 0 || this.#reloading !== undefined ? undefined : this.#failure
  }

  /** `close` has been called. */
  get over(): boolean {
    return this.#phase === 'stopping' || this.#phase === 'stopped'
  }

  /** Resolves when all members are ready; with `startAnyway`, when each is ready or has failed. */
  async start(): Promise<void> {
    if (this.#phase !== 'new') return
    this.#phase = 'starting'
    const { size, startAnyway } = this.#options
    const launches = Array.from({ length: size }, () => this.#launch('start', this.#admit))
    await Promise.all(
      launches.map(async (launch) => {
        const failure = await launch
        // A member that was ended by a stop has not failed.
        if (failure === undefined || this.over) return
        this.#fail(failure, startAnyway)
        if (!startAnyway) throw this.#options.toError(failure)
      }),
    )
    if (this.over) throw new TaipanError('STOPPING', 'the server was stopped while it started')
    this.#phase = 'running'
    this.#maintain()
  }

  /** Starts new members, and retires the old ones when all new ones are ready. Calls during a reload share the next one. */
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

  /** Replaces a running member, which ends after the requests it has. */
  replace(member: M): void {
    this.#retire(member)
    this.#maintain()
  }

  /** A member can serve other applications than before. */
  reassess(): void {
    this.#repairs.reset()
    clearTimeout(this.#repairTimer)
    this.#repairTimer = undefined
    this.#maintain()
  }

  /** A member has ended; replaces it if it was active. */
  lose(member: M): void {
    this.#members.delete(member)
    const wasActive = this.#active.delete(member)
    this.#options.dismiss(member)
    if (!wasActive || this.over) return
    if (member.served > 0 || performance.now() - member.startedAt > LONG_LIFE_MS)
      this.#backoff.reset()
    else this.#backoff.fail()
    this.#maintain()
  }

  /** Starts no more members. */
  close(): void {
    this.#phase = 'stopping'
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#repairTimer)
  }

  /** Ends every member with `end`; resolves when all have ended. */
  async end(end: (member: M) => Promise<void>): Promise<void> {
    await Promise.all([...this.#members].map(end))
    await Promise.all(this.#retirements)
    this.#phase = 'stopped'
  }

  /** Starts a member and passes it to `keep` when it is ready; otherwise resolves with the failure. */
  async #launch(aim: Aim, keep: (member: M) => void): Promise<F | undefined> {
    const generation = this.#generation
    const isWanted = (): boolean => generation === this.#generation && !this.over
    const failed: F[] = []
    for (;;) {
      const before = failed.at(-1)
      const launch = await this.#options.launch(aim, failed)
      if (launch === undefined) return before
      if ('failure' in launch) return launch.failure
      if (before !== undefined) this.#report(before)
      const failure = await this.#awaitLoaded(launch.member, isWanted, keep)
      if (failure === undefined || !isWanted()) return failure
      failed.push(failure)
    }
  }

  async #awaitLoaded(
    member: M,
    isWanted: () => boolean,
    keep: (member: M) => void,
  ): Promise<F | undefined> {
    this.#members.add(member)
    if (this.over) this.#options.discard(member, true)
    const failure = await member.loaded
    if (failure === undefined && isWanted()) keep(member)
    else this.#options.discard(member, false)
    return failure
  }

  readonly #admit = (member: M): void => {
    this.#failure = undefined
    this.#reported = undefined
    this.#active.add(member)
    this.#options.admit(member)
  }

  /** Starts what is missing: members, and replacements for those that do not serve every application. */
  #maintain(): void {
    if (this.#phase !== 'running' || this.#reloading !== undefined) return
    this.#fill()
    if (this.#options.retries) this.#repair()
  }

  #fill(): void {
    if (!this.#options.retries && this.failure !== undefined) return
    const missing = this.#options.size - this.#active.size - this.#launching
    if (missing <= 0 || this.#retryTimer !== undefined) return
    if (this.#backoff.failures === 0) {
      for (let i = 0; i < missing; i++) void this.#launchOne()
      return
    }
    if (this.#launching > 0) return
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      void this.#launchOne()
    }, this.#backoff.delay)
    this.#retryTimer.unref()
  }

  async #launchOne(): Promise<void> {
    this.#launching++
    const generation = this.#generation
    const failure = await this.#launch('fill', this.#admit)
    this.#launching--
    if (failure !== undefined && generation === this.#generation) this.#fail(failure, true)
    this.#maintain()
  }

  #repair(): void {
    if (this.#repairing || this.#repairTimer !== undefined || this.#findWorst() === undefined)
      return
    this.#repairTimer = setTimeout(() => {
      this.#repairTimer = undefined
      if (this.#findWorst() !== undefined) void this.#repairOne()
    }, this.#repairs.delay)
    this.#repairTimer.unref()
  }

  async #repairOne(): Promise<void> {
    this.#repairing = true
    const generation = this.#generation
    let better = false
    const failure = await this.#launch('repair', (member) => {
      better = this.#replaceWorst(member)
    })
    this.#repairing = false
    if (better) this.#repairs.reset()
    else if (generation === this.#generation && !this.over) {
      this.#repairs.fail()
      if (failure !== undefined) this.#report(failure)
    }
    this.#maintain()
  }

  /** False when it is no better. */
  #replaceWorst(member: M): boolean {
    const worst = this.#findWorst()
    if (worst === undefined || worst.omitted <= member.omitted) {
      this.#options.discard(member, false)
      return false
    }
    this.#admit(member)
    this.#retire(worst)
    return true
  }

  /** The active member with the most applications that it cannot serve; undefined when all serve everything. */
  #findWorst(): M | undefined {
    let worst: M | undefined
    for (const member of this.#active) if (member.omitted > (worst?.omitted ?? 0)) worst = member
    return worst
  }

  #fail(failure: F, report: boolean): void {
    if (this.over) return
    this.#backoff.fail()
    this.#failure = failure
    if (report) this.#report(failure)
    if (this.failure !== undefined) this.#options.onNoneLeft(failure)
  }

  #report(failure: F): void {
    const before = this.#reported
    this.#reported = failure
    this.#options.report(failure, before !== undefined && this.#options.isSame(before, failure))
  }

  #retire(member: M): void {
    this.#active.delete(member)
    this.#options.dismiss(member)
    const retirement = this.#options
      .retire(member)
      .finally(() => this.#retirements.delete(retirement))
    this.#retirements.add(retirement)
  }

  async #beginReload(): Promise<void> {
    this.#reloading = this.#reload()
    try {
      await this.#reloading
    } finally {
      this.#reloading = undefined
      if (this.#failure !== undefined && this.#active.size === 0) this.#fail(this.#failure, false)
      this.#maintain()
    }
  }

  async #reload(): Promise<void> {
    this.#generation++
    this.#reported = undefined
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    clearTimeout(this.#repairTimer)
    this.#repairTimer = undefined
    const old = [...this.#active]
    const fresh: M[] = []
    const takeOver = old.length === 0
    const launches = Array.from({ length: this.#options.size }, () =>
      this.#launch('renew', (member) => {
        fresh.push(member)
        if (takeOver) this.#admit(member)
      }),
    )
    const failures = (await Promise.all(launches)).filter((failure) => failure !== undefined)
    if (this.over) throw new TaipanError('STOPPING', 'the server was stopped while it reloaded')
    const [failure] = failures
    if (failure === undefined || !this.#options.keepsOld) this.#exchange(old, fresh)
    else for (const member of fresh) this.#retire(member)
    if (failure === undefined) return
    if (this.#active.size === 0) this.#failure = failure
    this.#report(failure)
    throw this.#options.toError(failure)
  }

  #exchange(old: readonly M[], fresh: readonly M[]): void {
    this.#backoff.reset()
    this.#repairs.reset()
    for (const member of fresh) if (member.ready && !this.#active.has(member)) this.#admit(member)
    for (const member of old) if (this.#active.has(member)) this.#retire(member)
  }
}
