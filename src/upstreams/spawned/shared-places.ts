import type { PlaceMaker } from './place-maker.ts'
import { Announcements, type Places } from './places.ts'
import type { ProgramAddresses } from './program-addresses.ts'
import type { ProgramPlace } from './program-place.ts'

/** A listening socket and how many processes have it. */
interface Generation {
  readonly place: Promise<ProgramPlace>
  made: ProgramPlace | undefined
  users: number
}

/**
 * All processes have one listening socket, which stays when they end: who connects meanwhile waits in its backlog. Those
 * that replace others that serve have another one, so that a connection that is accepted there proves that the new ones work.
 */
export class SharedPlaces implements Places {
  readonly #maker: PlaceMaker
  readonly #announcements: Announcements
  readonly #generations = new Set<Generation>()
  #current: Generation | undefined
  #next: Generation | undefined

  constructor(maker: PlaceMaker, addresses: ProgramAddresses) {
    this.#maker = maker
    this.#announcements = new Announcements(addresses)
  }

  async claim(renews: boolean): Promise<ProgramPlace> {
    const generation = renews ? (this.#next ??= this.#make()) : (this.#current ??= this.#make())
    generation.users += 1
    try {
      generation.made = await generation.place
      return generation.made
    } catch (error) {
      this.#leave(generation)
      throw error
    }
  }

  release(place: ProgramPlace): void {
    const generation = this.#find(place)
    if (generation !== undefined) this.#leave(generation)
  }

  renew(): void {
    this.#next = undefined
  }

  admit(place: ProgramPlace): void {
    const generation = this.#find(place)
    if (generation === undefined) return
    this.#announcements.announce(place)
    const before = this.#current
    if (before === generation) return
    this.#current = generation
    if (before === undefined) return
    if (before.made !== undefined) this.#announcements.withdraw(before.made)
    this.#closeUnused(before)
  }

  /** Processes that end leave their clients to the others. */
  dismiss(): void {}

  drained(place: ProgramPlace): Promise<void> {
    return this.#announcements.drained(place)
  }

  giveUp(): void {
    const generation = this.#current
    if (generation?.made === undefined) return
    this.#announcements.withdraw(generation.made)
    this.#closeUnused(generation)
  }

  async dismissAll(): Promise<void> {
    await this.#announcements.withdrawAll()
    for (const generation of this.#generations) this.#closeUnused(generation)
  }

  #make(): Generation {
    const generation: Generation = {
      place: this.#maker.make('inherited'),
      made: undefined,
      users: 0,
    }
    this.#generations.add(generation)
    return generation
  }

  #find(place: ProgramPlace): Generation | undefined {
    return [...this.#generations].find(({ made }) => made === place)
  }

  #leave(generation: Generation): void {
    generation.users -= 1
    this.#closeUnused(generation)
  }

  /** One that is announced waits for another process. */
  #closeUnused(generation: Generation): void {
    const { made, users } = generation
    if (users > 0 || (made !== undefined && this.#announcements.has(made))) return
    this.#generations.delete(generation)
    if (this.#current === generation) this.#current = undefined
    if (this.#next === generation) this.#next = undefined
    made?.close()
  }
}
