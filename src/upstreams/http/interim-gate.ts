const ONE = 0x31
const ZERO = 0x30
const TWO = 0x32
const CR = 0x0d
const LF = 0x0a
/** Where the digits of the status are in `HTTP/1.1 200`. */
const FIRST_DIGIT = 9
const LAST_DIGIT = 11

const LINE = 0
const FIELDS = 1
const OPEN = 2

/**
 * Watches the bytes of a response until its final head begins, and turns each `100 Continue` into a `102`: undici breaks the
 * connection for a 100 that it has not asked for, and skips a 102.
 */
export class InterimGate {
  #state = OPEN
  #at = 0
  #isZero = false
  #lineEnds = 0

  /** A response is expected next. */
  expect(): void {
    this.#state = LINE
    this.#at = 0
  }

  /** Takes the next bytes, which may be changed in place. */
  take(chunk: Buffer): void {
    if (this.#state === OPEN) return
    // The usual case.
    if (this.#at === 0 && chunk.length > FIRST_DIGIT && chunk[FIRST_DIGIT] !== ONE) {
      this.#state = OPEN
      return
    }
    for (let at = 0; at < chunk.length && this.#state !== OPEN; at++) this.#step(chunk, at)
  }

  #step(chunk: Buffer, at: number): void {
    const byte = chunk[at] ?? 0
    if (this.#state === FIELDS) {
      this.#skip(byte)
      return
    }
    const place = this.#at++
    if (place < FIRST_DIGIT) return
    if (place === FIRST_DIGIT) {
      if (byte !== ONE) this.#state = OPEN
      return
    }
    if (place < LAST_DIGIT) {
      this.#isZero = byte === ZERO
      return
    }
    if (this.#isZero && byte === ZERO) chunk[at] = TWO
    // After 101 it is no HTTP any more.
    this.#state = this.#isZero && byte === ONE ? OPEN : FIELDS
    this.#lineEnds = 0
  }

  /** The empty line ends an interim response; another response follows. */
  #skip(byte: number): void {
    if (byte === LF) this.#lineEnds += 1
    else if (byte !== CR) this.#lineEnds = 0
    if (this.#lineEnds === 2) this.expect()
  }
}
