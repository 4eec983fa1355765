import type { LogFields } from './logger.ts'

/** Records that are told within `PERIOD_MS`; further ones are counted. */
const MOST = 20
const PERIOD_MS = 10_000

/** What a limited log writes. */
export interface LimitedRecords {
  /** Takes the records that are told. */
  write(this: void, fields: LogFields, message: string): void
  /** What those that are left out tell, after a number: `more requests were refused`. */
  readonly further: string
}

/** Records of what strangers can cause as often as they like. */
export class LimitedLog {
  readonly #records: LimitedRecords
  #told = 0
  #leftOut = 0
  #ends = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(records: LimitedRecords) {
    this.#records = records
  }

  note(fields: LogFields, message: string): void {
    const now = performance.now()
    if (now >= this.#ends) this.#begin(now)
    this.#told += 1
    if (this.#told <= MOST) {
      this.#records.write(fields, message)
      return
    }
    this.#leftOut += 1
    this.#timer ??= setTimeout(() => this.flush(), this.#ends - now).unref()
  }

  /** Tells at once how many were left out, if any. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const leftOut = this.#leftOut
    this.#leftOut = 0
    if (leftOut > 0)
      this.#records.write({ leftOut }, `${leftOut} ${this.#records.further} ${WITHIN}`)
  }

  #begin(now: number): void {
    this.flush()
    this.#told = 0
    this.#ends = now + PERIOD_MS
  }
}

const WITHIN = `within ${PERIOD_MS / 1000} seconds, which are not told one by one`
