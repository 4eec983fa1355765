import type { RestartReason } from '../core/restart-reason.ts'
import type { Launcher } from './launcher.ts'
import type { Member } from './member.ts'
import { Retry } from './retry.ts'

/** What successions need from their pool. */
export interface SuccessionsOptions<M extends Member<F>, F extends object> {
  readonly launcher: Launcher<M, F>
  /** Gives it work from now on. */
  readonly admit: (member: M) => void
  /** Gives it no more work, and ends it after the requests it has. */
  readonly retire: (member: M, reason: RestartReason) => void
  readonly report: (failure: F) => void
  /** A successor is ready, or could not be started; `proceed` goes on. */
  readonly onSettled: () => void
}

/** Members whose time has come. Each serves until its successor is ready, and they get one after the other. */
export class Successions<M extends Member<F>, F extends object> {
  readonly #options: SuccessionsOptions<M, F>
  readonly #outgoing = new Map<M, RestartReason>()
  readonly #starts = new Retry()
  /** Whose successor is being started. */
  #current: M | undefined
  #closed = false

  constructor(options: SuccessionsOptions<M, F>) {
    this.#options = options
  }

  /** Successors that are being started for members that have ended meanwhile. */
  get vacancies(): number {
    return this.#current === undefined || this.#outgoing.has(this.#current) ? 0 : 1
  }

  add(member: M, reason: RestartReason): void {
    if (!this.#outgoing.has(member)) this.#outgoing.set(member, reason)
  }

  /** It has ended, or is ended for another reason. */
  delete(member: M): void {
    this.#outgoing.delete(member)
  }

  /** Starts the next successor, unless one is being started. */
  proceed(): void {
    const [next] = this.#outgoing.keys()
    if (next === undefined || this.#current !== undefined || this.#starts.waiting) return
    this.#starts.schedule(() => void this.#succeed())
  }

  /** Starts no more. */
  close(): void {
    this.#closed = true
    this.#starts.cancel()
  }

  async #succeed(): Promise<void> {
    const { launcher, admit, retire, report, onSettled } = this.#options
    const [member] = this.#outgoing.keys()
    if (member === undefined || this.#closed) return
    this.#current = member
    const outcome = await launcher.start('succeed', (successor) => {
      const reason = this.#outgoing.get(member)
      admit(successor)
      if (reason !== undefined) retire(member, reason)
    })
    this.#current = undefined
    if (outcome === undefined) this.#starts.reset()
    else if (outcome !== 'abandoned') {
      this.#starts.fail()
      report(outcome)
    }
    onSettled()
  }
}
