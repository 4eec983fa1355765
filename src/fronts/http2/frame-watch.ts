const HEAD_BYTES = 9
const PREFACE_BYTES = 24
const HEADERS = 1
const CONTINUATION = 9
const END_HEADERS = 4
const HIGHEST_ID = 2 ** 31 - 1

/** Looks at the heads of the frames that a client sends, which Node's library does not tell of. */
export class FrameWatch {
  /** The fields of a request have begun to arrive, and are not complete. */
  withinFields = false
  /** How many requests have begun to arrive. */
  heads = 0
  readonly #onFrame: (type: number, id: number) => void
  /** Bytes of the preface or of a frame that are still to come. */
  #passing = PREFACE_BYTES
  /** The head of a frame, as far as it has arrived. */
  #head: Buffer | undefined
  /** The frame that passes is the last one with fields of its request. */
  #endsFields = false

  constructor(onFrame: (type: number, id: number) => void) {
    this.#onFrame = onFrame
  }

  /** The next bytes of the client. */
  read(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#passing > 0) {
        const passed = Math.min(this.#passing, chunk.length - at)
        this.#passing -= passed
        at += passed
        if (this.#passing === 0) this.#end()
      } else at = this.#readHead(chunk, at)
    }
  }

  #readHead(chunk: Buffer, start: number): number {
    const known = this.#head
    if (known === undefined && chunk.length - start >= HEAD_BYTES) {
      this.#begin(chunk, start)
      return start + HEAD_BYTES
    }
    const missing = HEAD_BYTES - (known?.length ?? 0)
    const part = chunk.subarray(start, start + missing)
    const head = known === undefined ? Buffer.from(part) : Buffer.concat([known, part])
    this.#head = head
    if (head.length === HEAD_BYTES) {
      this.#head = undefined
      this.#begin(head, 0)
    }
    return start + part.length
  }

  #begin(bytes: Buffer, at: number): void {
    const type = bytes[at + 3] ?? 0
    this.#passing = bytes.readUIntBE(at, 3)
    if (type === HEADERS) this.heads += 1
    if (type === HEADERS || type === CONTINUATION) {
      this.withinFields = true
      this.#endsFields = ((bytes[at + 4] ?? 0) & END_HEADERS) !== 0
    }
    this.#onFrame(type, bytes.readUInt32BE(at + 5) & HIGHEST_ID)
    if (this.#passing === 0) this.#end()
  }

  #end(): void {
    if (this.#endsFields) this.withinFields = false
    this.#endsFields = false
  }
}
