// For a shorter request, waking the other side costs as much as the request itself.
const SHORT_US = 150
// One slow request must not hide for long that the others are short.
const LONGEST_SAMPLE_US = 5000
const WEIGHT = 1 / 8

/** Records how long requests take, to find applications whose requests are short enough to be pipelined. */
export class ServiceTimes {
  readonly #microseconds: number[]

  constructor(applications: number) {
    this.#microseconds = Array<number>(applications).fill(LONGEST_SAMPLE_US)
  }

  /** A request took `took` microseconds in its thread. */
  note(application: number, took: number): void {
    const before = this.#microseconds[application] ?? LONGEST_SAMPLE_US
    this.#microseconds[application] = before + (Math.min(took, LONGEST_SAMPLE_US) - before) * WEIGHT
  }

  /** Whether the last requests of the application were short. */
  isShort(application: number): boolean {
    return (this.#microseconds[application] ?? LONGEST_SAMPLE_US) < SHORT_US
  }
}
