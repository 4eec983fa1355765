/** Bytes that arrive in pieces, and are joined when they are looked at. */
export class CollectedBytes {
  #pieces: Buffer[] = []
  #length = 0

  /** Bytes so far. */
  get length(): number {
    return this.#length
  }

  /** Takes more, which must not be changed any more. */
  push(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  /** All of them. Copies unless nothing has arrived since the last time. */
  join(): Buffer {
    const [first] = this.#pieces
    if (first !== undefined && this.#pieces.length === 1) return first
    const joined = Buffer.concat(this.#pieces, this.#length)
    this.#pieces = [joined]
    return joined
  }
}
