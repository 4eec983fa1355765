import { answerError } from '../../core/answer-error.ts'
import type { Exchange } from '../../core/exchange.ts'
import { createResponseHead } from '../../core/response-head.ts'

// One for each window that is seen.
const MOST = 64
// Time in ms after which a browser connects again.
const RETRY_MS = 500

/** The event streams of open pages. */
export class PageListeners {
  readonly #open = new Set<Exchange>()
  #closed = false

  get size(): number {
    return this.#open.size
  }

  /** Answers with an event stream that begins with the present version. */
  add(exchange: Exchange, version: string): void {
    if (this.#closed || this.#open.size >= MOST) {
      answerError(exchange, this.#closed ? 'STOPPING' : 'OVERLOADED')
      return
    }
    const { response } = exchange
    this.#open.add(exchange)
    exchange.onFinish(() => this.#open.delete(exchange))
    response.begin(
      createResponseHead(200, [
        'Content-Type',
        'text/event-stream',
        'Cache-Control',
        'no-store',
        // nginx would wait for more.
        'X-Accel-Buffering',
        'no',
        // The next stream goes to whoever accepts then, not to a process that is leaving.
        'Connection',
        'close',
      ]),
    )
    response.write(Buffer.from(`retry: ${RETRY_MS}\n${formatEvent(version)}`))
    // A browser that sends no more has left.
    exchange.onClientEnd = () => response.end()
    if (exchange.clientEnded) response.end()
  }

  /** Tells all pages the present version. */
  tell(version: string): void {
    const event = Buffer.from(formatEvent(version))
    // Who has not read a whole buffer of events does not follow them.
    for (const { response } of this.#open) if (!response.write(event)) response.end()
  }

  /** Ends all streams, and refuses new ones. */
  close(): void {
    this.#closed = true
    for (const { response } of this.#open) response.end()
  }
}

function formatEvent(version: string): string {
  return `data: ${version}\n\n`
}
