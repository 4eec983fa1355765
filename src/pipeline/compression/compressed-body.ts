import { TaipanError } from '../../core/errors.ts'
import type { ResponseSink } from '../../core/exchange.ts'
import type { FieldBlock } from '../../core/field-block.ts'
import type { Compressor } from './compressors.ts'

/** What is known of a body that is compressed piece by piece. */
export interface CompressedBodyOptions {
  readonly response: ResponseSink
  readonly compressor: Compressor
  /** Content-Length of the plain body; undefined: it is a stream, whose pieces are wanted as they come. */
  readonly length: number | undefined
  /** Called once, when nothing of it is left. */
  readonly onOver: () => void
}

/** The body of a response on its way through a compressor. The response has begun. */
export class CompressedBody {
  onDrain: (() => void) | undefined
  readonly #response: ResponseSink
  readonly #compressor: Compressor
  readonly #onOver: () => void
  readonly #flushes: boolean
  /** Bytes that the Content-Length still allows. */
  #left: number
  #flush: NodeJS.Immediate | undefined
  #blocked = false
  #over = false
  #trailers: FieldBlock | undefined

  constructor({ response, compressor, length, onOver }: CompressedBodyOptions) {
    this.#response = response
    this.#compressor = compressor
    this.#onOver = onOver
    this.#flushes = length === undefined
    this.#left = length ?? Number.POSITIVE_INFINITY
    response.onDrain = () => this.#drain()
    compressor.on('data', (piece: Buffer) => {
      if (!response.write(piece)) compressor.pause()
    })
    compressor.on('drain', () => this.#tellDrained())
    compressor.on('end', () => this.#finish())
    compressor.on('error', (error) => this.abort(error))
  }

  /** Bytes that were not compressed yet. */
  get pending(): number {
    return this.#compressor.writableLength
  }

  write(chunk: Uint8Array): boolean {
    if (this.#over) return true
    const piece = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= piece.length
    if (piece.length === 0) return !this.#blocked
    if (!this.#compressor.write(piece)) this.#blocked = true
    // Pieces that come in one turn leave together.
    if (this.#flushes) this.#flush ??= setImmediate(() => this.#flushNow())
    return !this.#blocked
  }

  end(trailers: FieldBlock | undefined): void {
    if (this.#left > 0 && this.#left !== Number.POSITIVE_INFINITY) {
      const message = `the body is ${this.#left} bytes shorter than its Content-Length`
      this.abort(new TaipanError('APPLICATION_FAILED', message))
      return
    }
    this.#trailers = trailers
    clearImmediate(this.#flush)
    this.#compressor.end()
  }

  abort(reason: Error): void {
    this.close()
    this.#response.abort(reason)
  }

  /** Forgets what was not sent, and frees the compressor. May be called twice. */
  close(): void {
    if (this.#over) return
    this.#over = true
    clearImmediate(this.#flush)
    this.#compressor.destroy()
    this.#onOver()
  }

  #flushNow(): void {
    this.#flush = undefined
    if (!this.#over) this.#compressor.flush()
  }

  /** The client has caught up. */
  #drain(): void {
    if (this.#over) return
    this.#compressor.resume()
    this.#tellDrained()
  }

  #tellDrained(): void {
    if (!this.#blocked || this.#compressor.writableNeedDrain || this.#compressor.isPaused()) return
    this.#blocked = false
    this.onDrain?.()
  }

  #finish(): void {
    if (this.#over) return
    this.close()
    this.#response.end(this.#trailers)
  }
}
