/** Versions of the pages of a server: each is another one, also than those of an earlier run. */
export class PageVersions {
  readonly #start = Date.now().toString(36)
  #count = 0

  get current(): string {
    return `${this.#start}.${this.#count}`
  }

  /** Returns the next one. */
  advance(): string {
    this.#count += 1
    return this.current
  }
}
