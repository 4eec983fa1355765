import type { Aim, Launch, Member } from './member.ts'

/** What comes of starting a member: undefined when it is ready. */
export type Outcome<F> = F | 'abandoned' | undefined

/** What a launcher does for its pool. */
export interface LauncherOptions<M, F> {
  /** As in `PoolOptions`. */
  launch(aim: Aim, failed: readonly F[]): Promise<Launch<M, F> | undefined>
  discard(member: M, atOnce: boolean): void
  /** A member runs, which is not ready yet. */
  onStarted(member: M): void
  /** A member failed, and another one is started in its place. */
  onRetried(failure: F): void
}

class Attempt {
  readonly aim: Aim
  readonly abandoned: Promise<'abandoned'>
  abandon: () => void = () => {}

  constructor(aim: Aim) {
    this.aim = aim
    this.abandoned = new Promise((resolve) => {
      this.abandon = () => resolve('abandoned')
    })
  }
}

/** Starts members until they are ready, have failed, or are not wanted any more. */
export class Launcher<M extends Member<F>, F extends object> {
  readonly #options: LauncherOptions<M, F>
  readonly #attempts = new Set<Attempt>()
  #closed = false

  constructor(options: LauncherOptions<M, F>) {
    this.#options = options
  }

  /** Starts a member and passes it to `keep` when it is ready. */
  async start(aim: Aim, keep: (member: M) => void): Promise<Outcome<F>> {
    const attempt = new Attempt(aim)
    this.#attempts.add(attempt)
    try {
      return await this.#start(attempt, keep)
    } finally {
      this.#attempts.delete(attempt)
    }
  }

  /** Gives up what is being started, with that aim only if one is given, and ends those processes. */
  abandon(aim?: Aim): void {
    for (const attempt of this.#attempts)
      if (aim === undefined || attempt.aim === aim) {
        this.#attempts.delete(attempt)
        attempt.abandon()
      }
  }

  /** Nothing is wanted from now on. What is being started is left to whoever ends all members. */
  close(): void {
    this.#closed = true
  }

  async #start(attempt: Attempt, keep: (member: M) => void): Promise<Outcome<F>> {
    const failed: F[] = []
    for (;;) {
      const before = failed.at(-1)
      const launch = await this.#options.launch(attempt.aim, failed)
      if (launch === undefined) return this.#isWanted(attempt) ? before : 'abandoned'
      if (before !== undefined && this.#isWanted(attempt)) this.#options.onRetried(before)
      const outcome = await this.#awaitOutcome(launch, attempt, keep)
      if (outcome === undefined || outcome === 'abandoned') return outcome
      failed.push(outcome)
    }
  }

  async #awaitOutcome(
    launch: Launch<M, F>,
    attempt: Attempt,
    keep: (member: M) => void,
  ): Promise<Outcome<F>> {
    if ('member' in launch) return await this.#awaitLoaded(launch.member, attempt, keep)
    return this.#isWanted(attempt) ? launch.failure : 'abandoned'
  }

  async #awaitLoaded(member: M, attempt: Attempt, keep: (member: M) => void): Promise<Outcome<F>> {
    this.#options.onStarted(member)
    if (!this.#isWanted(attempt)) {
      this.#options.discard(member, true)
      return 'abandoned'
    }
    const outcome = await Promise.race([attempt.abandoned, member.loaded])
    const isWanted = this.#isWanted(attempt)
    if (outcome === undefined && isWanted) keep(member)
    else this.#options.discard(member, outcome === 'abandoned')
    return isWanted ? outcome : 'abandoned'
  }

  #isWanted(attempt: Attempt): boolean {
    return this.#attempts.has(attempt) && !this.#closed
  }
}
