// A file changes again so soon, in ms, after what its last change has caused.
const SOON_MS = 2000
const MOST_IN_A_ROW = 5
// After so long without a change, in ms, a file counts again.
const CALM_MS = 10_000

/** Finds files that are written by what their change causes, as a picture that each request makes anew. */
export class RestlessFiles {
  readonly #now: () => number
  /** When they changed last. */
  readonly #restless = new Map<string, number>()
  /** How many times in a row, of the files that changed last. */
  #inARow: ReadonlyMap<string, number> = new Map()
  #settledAt = Number.NEGATIVE_INFINITY

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** The files among those that have changed together whose change counts, and those that are found to be restless now. */
  sift(paths: Iterable<string>): { readonly calm: string[]; readonly found: string[] } {
    const now = this.#now()
    const isSoon = now - this.#settledAt < SOON_MS
    const counted = [...paths].filter((path) => !this.#isRestless(path, now))
    const before = this.#inARow
    this.#inARow = new Map(counted.map((path) => [path, isSoon ? (before.get(path) ?? 0) + 1 : 1]))
    const found = counted.filter((path) => (this.#inARow.get(path) ?? 0) > MOST_IN_A_ROW)
    for (const path of found) this.#restless.set(path, now)
    return { calm: counted.filter((path) => !found.includes(path)), found }
  }

  /** What the last changes needed is done. */
  settle(): void {
    this.#settledAt = this.#now()
  }

  #isRestless(path: string, now: number): boolean {
    const before = this.#restless.get(path)
    if (before === undefined) return false
    if (now - before >= CALM_MS) this.#restless.delete(path)
    else this.#restless.set(path, now)
    return this.#restless.has(path)
  }
}
