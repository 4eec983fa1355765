import type { Session } from 'node:inspector'
import { PerformanceObserver, performance } from 'node:perf_hooks'

/** When to collect garbage. */
export interface IdleCollectionSettings {
  /** Milliseconds without an exchange until the process is idle. */
  readonly quiet: number
  /** Number of exchanges so far. */
  readonly countExchanges: () => number
  /** Called after a collection. */
  readonly onCollected: () => void
}

const DEFAULTS: IdleCollectionSettings = {
  // A server with a request per second is almost never idle for so long, so it is never delayed.
  quiet: 10_000,
  countExchanges: () => 0,
  onCollected: () => {},
}
/** Utilization of the event loop up to which a process is idle: open WebSockets and streams are not new exchanges. */
const IDLE = 0.05
/** Growth in bytes that is worth a collection. */
const GROWTH = 4_194_304

/**
 * Releases memory that was needed for a burst of requests, when the process has been idle for a while, for as long as it
 * runs. V8 lets the space for young objects grow to 32 MB and more and does not shrink it in an idle server. A collection
 * takes about 50 ms.
 */
export async function collectWhenIdle(
  settings: Partial<IdleCollectionSettings> = {},
): Promise<void> {
  if (!process.features.inspector) return
  const { Session } = await import('node:inspector')
  const collection = new IdleCollection({ ...DEFAULTS, ...settings }, new Session())
  const observer = new PerformanceObserver(() => collection.noteWork())
  observer.observe({ entryTypes: ['gc'] })
}

class IdleCollection {
  readonly #settings: IdleCollectionSettings
  readonly #session: Session
  #watching = false
  /** Bytes in use after the last collection. */
  #left = 0

  constructor(settings: IdleCollectionSettings, session: Session) {
    this.#settings = settings
    this.#session = session
  }

  /** V8 has collected garbage, so there was work. */
  noteWork(): void {
    if (this.#watching || countBytes() - this.#left < GROWTH) return
    this.#watching = true
    this.#watch()
  }

  #watch(): void {
    const { quiet, countExchanges } = this.#settings
    const exchanges = countExchanges()
    const before = performance.eventLoopUtilization()
    setTimeout(() => {
      const busy = performance.eventLoopUtilization(before).utilization > IDLE
      if (busy || countExchanges() !== exchanges) this.#watch()
      else this.#collect()
    }, quiet).unref()
  }

  #collect(): void {
    collectGarbage(this.#session, () => {
      this.#settings.onCollected()
      this.#left = countBytes()
      this.#watching = false
    })
  }
}

function countBytes(): number {
  const { heapTotal, external } = process.memoryUsage()
  return heapTotal + external
}

/** Collects all garbage and releases free pages. Only the inspector can do that in every version of Node.js. */
function collectGarbage(session: Session, onDone: () => void): void {
  session.connect()
  session.post('HeapProfiler.collectGarbage', () => {
    // V8 holds a lock during the callback, and disconnecting would wait for it.
    setImmediate(() => {
      session.disconnect()
      onDone()
    })
  })
}
