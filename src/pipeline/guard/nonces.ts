import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** `stale`: it was ours, and is too old; `unknown`: it was never ours. */
export type NonceState = 'valid' | 'stale' | 'unknown'

const TIME_BYTES = 6
const RANDOM_BYTES = 10
const HEAD_BYTES = TIME_BYTES + RANDOM_BYTES
const MAC_BYTES = 16
const TEXT = /^[\w-]{43}$/
/** How long a client may use a nonce. */
const LIFE_MS = 5 * 60_000
/** Counts of so many nonces are kept. */
const KEPT = 10_000
/** Requests on several connections arrive out of order by fewer than this. */
const WINDOW = 256n

/** What of the counts of a nonce was used. */
interface Uses {
  highest: bigint
  /** Bit n: `highest - n` was used. */
  used: bigint
}

/**
 * Makes the nonces of Digest authentication and recognizes them, in all processes that have the same key. How often one
 * was used is known in this process only.
 */
export class Nonces {
  readonly #key: Buffer
  readonly #realm: string
  readonly #now: () => number
  readonly #uses = new Map<string, Uses>()
  /** Nonces made until then are too old, because the counts of one of them were dropped. */
  #forgottenUntil = -1

  constructor(key: string, realm: string, now: () => number = Date.now) {
    this.#key = Buffer.from(key, 'hex')
    this.#realm = realm
    this.#now = now
  }

  create(): string {
    const head = randomBytes(HEAD_BYTES)
    head.writeUIntBE(this.#now(), 0, TIME_BYTES)
    return Buffer.concat([head, this.#sign(head)]).toString('base64url')
  }

  examine(nonce: string): NonceState {
    if (!TEXT.test(nonce)) return 'unknown'
    const bytes = Buffer.from(nonce, 'base64url')
    const head = bytes.subarray(0, HEAD_BYTES)
    if (!timingSafeEqual(bytes.subarray(HEAD_BYTES), this.#sign(head))) return 'unknown'
    // The last character has bits that mean nothing.
    if (bytes.toString('base64url') !== nonce) return 'unknown'
    const made = head.readUIntBE(0, TIME_BYTES)
    const age = this.#now() - made
    return age <= LIFE_MS && made > this.#forgottenUntil ? 'valid' : 'stale'
  }

  /** Notes that a valid nonce was used with a count; false if that has happened before. */
  use(nonce: string, nc: string): boolean {
    const count = BigInt(`0x${nc}`)
    if (count === 0n) return false
    const uses = this.#uses.get(nonce)
    if (uses === undefined) {
      this.#keep(nonce, { highest: count, used: 1n })
      return true
    }
    const behind = uses.highest - count
    if (behind < 0n) {
      const ahead = -behind
      uses.used = (ahead >= WINDOW ? 0n : (uses.used << ahead) & ((1n << WINDOW) - 1n)) | 1n
      uses.highest = count
      return true
    }
    if (behind >= WINDOW || (uses.used & (1n << behind)) !== 0n) return false
    uses.used |= 1n << behind
    return true
  }

  #keep(nonce: string, uses: Uses): void {
    this.#uses.set(nonce, uses)
    if (this.#uses.size <= KEPT) return
    const [oldest = ''] = this.#uses.keys()
    this.#uses.delete(oldest)
    const made = Buffer.from(oldest, 'base64url').readUIntBE(0, TIME_BYTES)
    this.#forgottenUntil = Math.max(this.#forgottenUntil, made)
  }

  #sign(head: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update(this.#realm).update('\0').update(head)
    return mac.digest().subarray(0, MAC_BYTES)
  }
}
