import { TaipanError } from '../core/errors.ts'
import { Backoff } from './backoff.ts'

// One that lived this long has worked, whatever ended it.
const LONG_LIFE_MS = 10_000

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped'

/** One of a pool: a process that works, or what stands for one. */
export interface Member<F> {
  /** `performance.now()` */
  readonly startedAt: number
  /** How much it has worked. */
  readonly served: number
  /** It can work and has not been asked to end. */
  readonly ready: boolean
  /** How much of its work it cannot do; it works until there is a better one. */
  readonly flaws: number
  /** Settles once: undefined when it can work, else why it cannot. */
  readonly loaded: Promise<F | undefined>
}

/** What came of an attempt to start a member. */
export type Launch<M, F> = { readonly member: M } | { readonly failure: F }

/**
 * What a member is started for: as one of the first, in the place of a missing one, to take over at a reload, or in the
 * place of one that has flaws.
 */
export type Aim = 'start' | 'fill' | 'renew' | 'repair'

/** What the owner of a pool does for it. */
export interface PoolOptions<M, F> {
  /** How many there are to be. */
  readonly size: number
  /** True: those that fail at the start are tried again later. */
  readonly startAnyway: boolean
  /** False: what cannot be started, or in part, is left to who keeps this process. */
  readonly retries: boolean
  launch(aim: Aim): Promise<Launch<M, F>>
  /** Gives it work from now on. */
  admit(member: M): void
  /** Gives it no further work. */
  dismiss(member: M): void
  /** Ends one that was dismissed, once it has finished what it had. */
  retire(member: M): Promise<void>
  /** Ends one that never worked: soon, or at once. */
  discard(member: M, atOnce: boolean): void
  /** A member could not be started; `repeated` when that was reported before. */
  report(failure: F, repeated: boolean): void
  /** No process is left; the failure is that of the last start. */
  onNoneLeft(failure: F): void
  toError(failure: F): Error
  isSame(one: F, other: F): boolean
}

/** Keeps as many members as wanted: starts, replaces and renews them. */
export class ProcessPool<M extends Member<F>, F extends object> {
  readonly #options: PoolOptions<M, F>
  readonly #backoff = new Backoff()
  readonly #repairs = new Backoff()
  readonly #members = new Set<M>()
  readonly #active = new Set<M>()
  readonly #retirements = new Set<Promise<void>>()
  #phase: Phase = 'new'
  #launching = 0
  /** Grows with each reload; what was launched for an earlier one is not wanted any more. */
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

  /** Every member that runs, also those that are starting or leaving. */
  get members(): ReadonlySet<M> {
    return this.#members
  }

  /** Those that work. */
  get active(): ReadonlySet<M> {
    return this.#active
  }

  /** The failure of the last start, while no process works and no reload is on. */
  get failure(): F | undefined {
    return this.#active.size > 0 || this.#reloading !== undefined ? undefined : this.#failure
  }

  /** It was stopped, or is about to be. */
  get over(): boolean {
    return this.#phase === 'stopping' || this.#phase === 'stopped'
  }

  /** Resolves when all members work; with `startAnyway` when each of them works or has failed. */
  async start(): Promise<void> {
    if (this.#phase !== 'new') return
    this.#phase = 'starting'
    const { size, startAnyway } = this.#options
    const launches = Array.from({ length: size }, () => this.#launch('start', this.#admit))
    await Promise.all(
      launches.map(async (launch) => {
        const failure = await launch
        // What a stop has ended has not failed.
        if (failure === undefined || this.over) return
        this.#fail(failure, startAnyway)
        if (!startAnyway) throw this.#options.toError(failure)
      }),
    )
    if (this.over) throw new TaipanError('STOPPING', 'it was stopped while it started')
    this.#phase = 'running'
    this.#maintain()
  }

  /** Starts new members, and retires the old ones when all of them work. Calls during a reload are answered by the next one. */
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

  /** Replaces a member that still runs, and ends it when it has finished what it had. */
  replace(member: M): void {
    this.#retire(member)
    this.#maintain()
  }

  /** A member has got other flaws, or has lost them. */
  reassess(): void {
    this.#repairs.reset()
    clearTimeout(this.#repairTimer)
    this.#repairTimer = undefined
    this.#maintain()
  }

  /** A member has ended. One that worked is replaced. */
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

  /** Starts no further process. */
  close(): void {
    this.#phase = 'stopping'
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#repairTimer)
  }

  /** Ends every member by `end`; resolves when all are gone. */
  async end(end: (member: M) => Promise<void>): Promise<void> {
    await Promise.all([...this.#members].map(end))
    await Promise.all(this.#retirements)
    this.#phase = 'stopped'
  }

  /** Starts one and gives it to `keep` once it can work; tells why it cannot. */
  async #launch(aim: Aim, keep: (member: M) => void): Promise<F | undefined> {
    const generation = this.#generation
    const launch = await this.#options.launch(aim)
    if ('failure' in launch) return launch.failure
    const { member } = launch
    this.#members.add(member)
    if (this.over) this.#options.discard(member, true)
    const failure = await member.loaded
    if (failure !== undefined || generation !== this.#generation || this.over)
      this.#options.discard(member, false)
    else keep(member)
    return failure
  }

  readonly #admit = (member: M): void => {
    this.#failure = undefined
    this.#reported = undefined
    this.#active.add(member)
    this.#options.admit(member)
  }

  /** Sees to it that there are as many as wanted, without flaws, or will be. */
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
    // After a failure, start one process at a time.
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
    let flawless = false
    const failure = await this.#launch('repair', (member) => {
      flawless = member.flaws === 0
      this.#replaceWorst(member)
    })
    this.#repairing = false
    if (flawless) this.#repairs.reset()
    else if (generation === this.#generation && !this.over) {
      this.#repairs.fail()
      if (failure !== undefined) this.#report(failure)
    }
    this.#maintain()
  }

  #replaceWorst(member: M): void {
    const worst = this.#findWorst()
    if (worst === undefined || worst.flaws <= member.flaws) {
      this.#options.discard(member, false)
      return
    }
    this.#admit(member)
    this.#retire(worst)
  }

  /** The one with the most flaws, if any has one. */
  #findWorst(): M | undefined {
    let worst: M | undefined
    for (const member of this.#active) if (member.flaws > (worst?.flaws ?? 0)) worst = member
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
      this.#launch(takeOver ? 'fill' : 'renew', (member) => {
        fresh.push(member)
        if (takeOver) this.#admit(member)
      }),
    )
    const failures = (await Promise.all(launches)).filter((failure) => failure !== undefined)
    if (this.over) throw new TaipanError('STOPPING', 'it was stopped while it reloaded')
    const [failure] = failures
    if (failure !== undefined) {
      for (const member of fresh) this.#retire(member)
      if (this.#active.size === 0) this.#failure = failure
      this.#report(failure)
      throw this.#options.toError(failure)
    }
    this.#backoff.reset()
    this.#repairs.reset()
    if (!takeOver) for (const member of fresh) if (member.ready) this.#admit(member)
    for (const member of old) if (this.#active.has(member)) this.#retire(member)
  }
}
