import { TaipanError } from '../core/errors.ts'
import type { RestartReason } from '../core/restart-reason.ts'
import { Launcher, type Outcome } from './launcher.ts'
import type { Aim, Launch, Member } from './member.ts'
import { Retry } from './retry.ts'
import { Successions } from './successions.ts'

// A process that lived this long did start successfully, whatever ended it.
const LONG_LIFE_MS = 10_000

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

/** What the owner of a pool does for the pool. */
export interface PoolOptions<M, F> {
  /** Wanted number of members at first; see `resize`. */
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
  /** Resolves when these members, whose places others are about to take, find no work by themselves any more; absent: they never do. */
  withdraw?(members: readonly M[]): Promise<void>
  /** Gives it no further work. */
  dismiss(member: M): void
  /** Ends a dismissed member after the requests it has. */
  retire(member: M, reason: RestartReason): Promise<void>
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
  readonly #launcher: Launcher<M, F>
  readonly #fills = new Retry()
  readonly #repairs = new Retry()
  readonly #successions: Successions<M, F>
  readonly #members = new Set<M>()
  readonly #active = new Set<M>()
  readonly #retirements = new Set<Promise<void>>()
  #phase: Phase = 'new'
  #size: number
  /** Why members are too many. */
  #shrinking: RestartReason = 'scale'
  #launching = 0
  /** Number of reloads that were asked for. */
  #reloads = 0
  #failure: F | undefined
  #reported: F | undefined
  #repairing = false
  /** What changed before the repair that began last. */
  #change = ''
  #reloading: Promise<void> | undefined

  constructor(options: PoolOptions<M, F>) {
    this.#options = options
    this.#size = options.size
    this.#launcher = new Launcher({
      launch: (aim, failed) => options.launch(aim, failed),
      discard: (member, atOnce) => options.discard(member, atOnce),
      onStarted: (member) => {
        member.generation = this.generation
        this.#members.add(member)
      },
      onRetried: (failure) => this.#report(failure),
    })
    this.#successions = new Successions({
      launcher: this.#launcher,
      admit: this.#admit,
      retire: (member, reason) => this.#retire(member, reason),
      report: (failure) => this.#report(failure),
      onSettled: () => this.#maintain(),
    })
  }

  /** Of the members that are started now: grows with each reload. */
  get generation(): number {
    return this.#reloads + 1
  }

  /** Every running member, including those that are starting or stopping. */
  get members(): ReadonlySet<M> {
    return this.#members
  }

  /** Members that serve requests. */
  get active(): ReadonlySet<M> {
    return this.#active
  }

  /** The failure of the last start, while no member serves requests although some shall, and no reload is in progress. */
  get failure(): F | undefined {
    const isTried = this.#size > 0 && this.#reloading === undefined
    return isTried && this.#active.size === 0 ? this.#failure : undefined
  }

  /** Wanted number of members. */
  get size(): number {
    return this.#size
  }

  /** `close` has been called. */
  get over(): boolean {
    return this.#phase === 'stopping' || this.#phase === 'stopped'
  }

  /**
   * Changes the wanted number: starts members, or retires those with the least work. With 0 there is nothing that fails,
   * and what comes after that is a new attempt. Takes effect after a start or a reload that is going on.
   */
  resize(size: number, reason: RestartReason = 'scale'): void {
    this.#shrinking = reason
    if (this.#size === 0 || size === 0) this.#forgetFailure()
    this.#size = size
    if (this.#active.size + this.#launching > size) this.#launcher.abandon('fill')
    this.#maintain()
  }

  /** Resolves when all members are ready; with `startAnyway`, when each is ready or has failed. */
  async start(): Promise<void> {
    if (this.#phase !== 'new') return
    this.#phase = 'starting'
    const { startAnyway } = this.#options
    const launches = Array.from({ length: this.#size }, () =>
      this.#launcher.start('start', this.#admit),
    )
    await Promise.all(
      launches.map(async (launch) => {
        const failure = failureOf(await launch)
        if (failure === undefined) return
        this.#fail(failure, startAnyway)
        if (!startAnyway) throw this.#options.toError(failure)
      }),
    )
    if (this.over) throw new TaipanError('STOPPING', 'the server was stopped while it started')
    this.#phase = 'running'
    this.#maintain()
  }

  /**
   * Starts new members, and retires the old ones when all new ones are ready. A call during a reload gives up what that
   * has started, and begins again; both settle with what comes of it.
   */
  reload(): Promise<void> {
    if (this.#phase !== 'running')
      return Promise.reject(new TaipanError('STOPPING', 'the server does not run'))
    this.#reloads++
    this.#launcher.abandon()
    this.#reloading ??= this.#reload()
    return this.#reloading
  }

  /** Replaces a running member, which gets no more requests and ends after those it has. */
  replace(member: M, reason: RestartReason): void {
    this.#retire(member, reason)
    this.#maintain()
  }

  /** Replaces a running member, which goes on until another one is ready; of several, one after the other. */
  succeed(member: M, reason: RestartReason): void {
    if (!this.#active.has(member)) return
    this.#successions.add(member, reason)
    this.#maintain()
  }

  /** A request has found that something has changed which no member can serve: tries it at once, and anew if that is being tried. */
  retry(change: string): void {
    if (this.#repairing && this.#change !== change) this.#launcher.abandon('repair')
    this.#change = change
    this.reassess()
  }

  /** A member can serve other applications than before. */
  reassess(): void {
    this.#repairs.reset()
    this.#repairs.cancel()
    this.#maintain()
  }

  /** A member has ended; replaces it if it was active. */
  lose(member: M): void {
    this.#members.delete(member)
    const wasActive = this.#active.delete(member)
    this.#successions.delete(member)
    this.#options.dismiss(member)
    if (!wasActive || this.over) return
    if (member.served > 0 || performance.now() - member.startedAt > LONG_LIFE_MS)
      this.#fills.reset()
    else this.#fills.fail()
    this.#maintain()
  }

  /** Starts no more members. */
  close(): void {
    this.#phase = 'stopping'
    this.#launcher.close()
    this.#fills.cancel()
    this.#repairs.cancel()
    this.#successions.close()
  }

  /** Ends every member with `end`; resolves when all have ended. */
  async end(end: (member: M) => Promise<void>): Promise<void> {
    await Promise.all([...this.#members].map(end))
    await Promise.all(this.#retirements)
    this.#phase = 'stopped'
  }

  readonly #admit = (member: M): void => {
    this.#failure = undefined
    this.#reported = undefined
    this.#active.add(member)
    this.#options.admit(member)
  }

  /** Starts what is missing: members, and replacements for those that do not serve every application. Retires what is too many. */
  #maintain(): void {
    if (this.#phase !== 'running' || this.#reloading !== undefined) return
    this.#trim()
    this.#fill()
    if (this.#options.retries) this.#repair()
    this.#successions.proceed()
  }

  #forgetFailure(): void {
    this.#fills.cancel()
    this.#fills.reset()
    this.#failure = undefined
  }

  #trim(): void {
    const surplus = this.#active.size - this.#size
    if (surplus <= 0) return
    const busiestLast = [...this.#active].toSorted((one, other) => one.load - other.load)
    for (const member of busiestLast.slice(0, surplus)) this.#retire(member, this.#shrinking)
  }

  #fill(): void {
    if (!this.#options.retries && this.failure !== undefined) return
    const coming = this.#launching + this.#successions.vacancies
    const missing = this.#size - this.#active.size - coming
    if (missing <= 0 || this.#fills.waiting) return
    if (this.#fills.failures === 0) {
      for (let i = 0; i < missing; i++) void this.#launchOne()
      return
    }
    if (this.#launching > 0) return
    this.#fills.schedule(() => void this.#launchOne())
  }

  async #launchOne(): Promise<void> {
    this.#launching++
    const failure = failureOf(await this.#launcher.start('fill', this.#admit))
    this.#launching--
    if (failure !== undefined) this.#fail(failure, true)
    this.#maintain()
  }

  #repair(): void {
    if (this.#repairing || this.#repairs.waiting || this.#findWorst() === undefined) return
    this.#repairs.schedule(() => {
      if (this.#findWorst() !== undefined) void this.#repairOne()
    })
  }

  async #repairOne(): Promise<void> {
    this.#repairing = true
    let better = false
    const outcome = await this.#launcher.start('repair', (member) => {
      better = this.#replaceWorst(member)
    })
    this.#repairing = false
    if (better) this.#repairs.reset()
    else if (outcome !== 'abandoned') {
      this.#repairs.fail()
      if (outcome !== undefined) this.#report(outcome)
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
    this.#retire(worst, 'repair')
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
    this.#fills.fail()
    this.#failure = failure
    if (report) this.#report(failure)
    if (this.failure !== undefined) this.#options.onNoneLeft(failure)
  }

  #report(failure: F): void {
    const before = this.#reported
    this.#reported = failure
    this.#options.report(failure, before !== undefined && this.#options.isSame(before, failure))
  }

  #retire(member: M, reason: RestartReason): void {
    this.#active.delete(member)
    this.#successions.delete(member)
    this.#options.dismiss(member)
    const retirement = this.#options
      .retire(member, reason)
      .finally(() => this.#retirements.delete(retirement))
    this.#retirements.add(retirement)
  }

  async #reload(): Promise<void> {
    try {
      await this.#renew()
    } finally {
      this.#reloading = undefined
      if (this.#failure !== undefined && this.#active.size === 0) this.#fail(this.#failure, false)
      this.#maintain()
    }
  }

  async #renew(): Promise<void> {
    const reload = this.#reloads
    this.#reported = undefined
    this.#fills.cancel()
    this.#repairs.cancel()
    const old = [...this.#active]
    const fresh: M[] = []
    const takeOver = old.length === 0
    // New code is proved even if nobody asks for it.
    const launches = Array.from({ length: Math.max(1, this.#size) }, () =>
      this.#launcher.start('renew', (member) => {
        fresh.push(member)
        if (takeOver) this.#admit(member)
      }),
    )
    const failures = (await Promise.all(launches)).map(failureOf)
    if (this.over) throw new TaipanError('STOPPING', 'the server was stopped while it reloaded')
    if (reload !== this.#reloads) {
      for (const member of fresh) if (!this.#active.has(member)) this.#retire(member, 'reload')
      return await this.#renew()
    }
    const failure = failures.find((one) => one !== undefined)
    if (failure === undefined || !this.#options.keepsOld) await this.#exchange(old, fresh)
    else for (const member of fresh) this.#retire(member, 'reload')
    if (failure === undefined) return
    if (this.#active.size === 0) this.#failure = failure
    this.#report(failure)
    throw this.#options.toError(failure)
  }

  async #exchange(old: readonly M[], fresh: readonly M[]): Promise<void> {
    await this.#options.withdraw?.(old)
    if (this.over) throw new TaipanError('STOPPING', 'the server was stopped while it reloaded')
    this.#fills.reset()
    this.#repairs.reset()
    for (const member of fresh) if (member.ready && !this.#active.has(member)) this.#admit(member)
    for (const member of old) if (this.#active.has(member)) this.#retire(member, 'reload')
  }
}

function failureOf<F extends object>(outcome: Outcome<F>): F | undefined {
  return outcome === 'abandoned' ? undefined : outcome
}
