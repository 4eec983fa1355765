/** Finds what belongs to a host name: its own entry, or that of `*.` and the rest, which stands for one label (RFC 6125, 6.4.3). */
export class ServerNames<T> {
  readonly #entries: ReadonlyMap<string, T>

  /** Keys are in lower case. */
  constructor(entries: ReadonlyMap<string, T>) {
    this.#entries = entries
  }

  get size(): number {
    return this.#entries.size
  }

  find(name: string): T | undefined {
    const own = this.#entries.get(name)
    if (own !== undefined) return own
    const dot = name.indexOf('.')
    return dot < 1 ? undefined : this.#entries.get(`*${name.slice(dot)}`)
  }
}
