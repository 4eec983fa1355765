const SMALL_PIECE_BYTES = 16_384

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
    const pieces = this.#pieces
    pieces.push(piece)
    this.#length += piece.length
    // Joins small pieces of equal size, so that single bytes do not cost a buffer each.
    while (pieces.length > 1) {
      const [before, last] = [pieces.at(-2), pieces.at(-1)]
      if (before === undefined || last === undefined) return
      if (last.length < before.length || last.length > SMALL_PIECE_BYTES) return
      pieces.splice(-2, 2, Buffer.concat([before, last]))
    }
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
