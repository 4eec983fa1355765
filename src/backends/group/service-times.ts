// Below this a wake-up of the other side costs as much as the request itself.
const SHORT_US = 150
// One request that hangs must not hide for long that the others are short.
const LONGEST_SAMPLE_US = 5000
const WEIGHT = 1 / 8

/** Knows which applications answer so fast that their requests are better sent in batches. */
export class ServiceTimes {
  readonly #microseconds: number[]

  constructor(applications: number) {
    this.#microseconds = Array<number>(applications).fill(LONGEST_SAMPLE_US)
  }

  /** A request took its thread so long, in microseconds. */
  note(application: number, took: number): void {
    const before = this.#microseconds[application] ?? LONGEST_SAMPLE_US
    this.#microseconds[application] = before + (Math.min(took, LONGEST_SAMPLE_US) - before) * WEIGHT
  }

  /** The last requests of the application were short. */
  isShort(application: number): boolean {
    return (this.#microseconds[application] ?? LONGEST_SAMPLE_US) < SHORT_US
  }
}
