import type { ProgramAddresses } from './program-addresses.ts'
import type { PlaceMaker } from './place-maker.ts'
import type { ProgramPlace } from './program-place.ts'
import type { ProgramListening } from './program-settings.ts'

/** Gives processes their places, and announces those that serve. */
export interface Places {
  /** A place for a process to be started, which takes the place of one that serves, or not. Rejects as `PlaceMaker.make` does. */
  claim(renews: boolean): Promise<ProgramPlace>
  /** The process has ended, or was not started. */
  release(place: ProgramPlace): void
  /** Processes that serve are to be replaced. */
  renew(): void
  /** A process at the place serves requests. */
  admit(place: ProgramPlace): void
  /** A process at the place gets no more requests. */
  dismiss(place: ProgramPlace): void
  /** Resolves when the requests at a place that was dismissed have ended. */
  drained(place: ProgramPlace): Promise<void>
  /** No process could be started: what waits at a place waits in vain. */
  giveUp(): void
  /** Dismisses all; resolves when their requests have ended. */
  dismissAll(): Promise<void>
}

/** What both kinds have in common: the announced places, and what is still on its way to others. */
export class Announcements {
  readonly #addresses: ProgramAddresses
  readonly #announced = new Set<ProgramPlace>()
  readonly #draining = new Map<ProgramPlace, Promise<void>>()

  constructor(addresses: ProgramAddresses) {
    this.#addresses = addresses
  }

  has(place: ProgramPlace): boolean {
    return this.#announced.has(place)
  }

  announce(place: ProgramPlace): void {
    if (this.#announced.has(place)) return
    this.#announced.add(place)
    this.#addresses.add(place.address)
  }

  withdraw(place: ProgramPlace): void {
    if (!this.#announced.delete(place)) return
    const drained = this.#addresses
      .remove(place.address)
      .finally(() => this.#draining.delete(place))
    this.#draining.set(place, drained)
  }

  async drained(place: ProgramPlace): Promise<void> {
    await this.#draining.get(place)
  }

  async withdrawAll(): Promise<void> {
    for (const place of this.#announced) this.withdraw(place)
    await Promise.all(this.#draining.values())
  }
}

/** Each process has a place of its own. */
export class OwnPlaces implements Places {
  readonly #maker: PlaceMaker
  readonly #listening: ProgramListening
  readonly #announcements: Announcements

  constructor(maker: PlaceMaker, listening: ProgramListening, addresses: ProgramAddresses) {
    this.#maker = maker
    this.#listening = listening
    this.#announcements = new Announcements(addresses)
  }

  claim(): Promise<ProgramPlace> {
    return this.#maker.make(this.#listening)
  }

  release(place: ProgramPlace): void {
    this.#announcements.withdraw(place)
    place.close()
  }

  renew(): void {}

  admit(place: ProgramPlace): void {
    this.#announcements.announce(place)
  }

  dismiss(place: ProgramPlace): void {
    this.#announcements.withdraw(place)
  }

  drained(place: ProgramPlace): Promise<void> {
    return this.#announcements.drained(place)
  }

  giveUp(): void {}

  dismissAll(): Promise<void> {
    return this.#announcements.withdrawAll()
  }
}
