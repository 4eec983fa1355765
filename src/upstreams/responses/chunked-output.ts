import { TaipanError } from '../../core/errors.ts'
import { ChunkedDecoder } from '../../wire/http1/chunked-decoder.ts'

// Bodies of answers have no limit; the rest concerns trailers, which are dropped.
const LIMITS = { headerBytes: 65_536, headerCount: 200, targetBytes: 0, body: 0 }

/** Takes the chunks of a body apart (RFC 9112, 7.1). Errors are `UPSTREAM_FAILED`. */
export class ChunkedOutput {
  readonly #decoder = new ChunkedDecoder(LIMITS)

  /** The last chunk has arrived. */
  get done(): boolean {
    return this.#decoder.done
  }

  /** The parts of the body in these bytes. */
  *take(bytes: Buffer): Generator<Buffer> {
    let at = 0
    try {
      while (at < bytes.length && !this.#decoder.done) {
        const piece = this.#decoder.read(bytes, at, Infinity)
        at = this.#decoder.position
        if (piece === undefined) return
        yield piece
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new TaipanError('UPSTREAM_FAILED', `sent broken chunks: ${reason}`, { cause: error })
    }
  }
}
