import type { Session } from 'node:inspector'
import { PerformanceObserver, performance } from 'node:perf_hooks'

/** When the memory of a process is looked after. */
export interface IdleCollectionSettings {
  /** Milliseconds without an exchange after which the process counts as idle. */
  readonly quiet: number
  /** How many exchanges there have been. */
  readonly countExchanges: () => number
  /** Called after a collection. */
  readonly onCollected: () => void
}

const DEFAULTS: IdleCollectionSettings = {
  // A server that gets a request a second rests so long next to never, and is never held up.
  quiet: 10_000,
  countExchanges: () => 0,
  onCollected: () => {},
}
/** Share of the time in which a process that counts as idle may have been busy: open WebSockets and streams are no new exchanges. */
const IDLE = 0.05
/** Bytes that make a collection worth its while. */
const GROWTH = 4_194_304

/**
 * Gives the memory back that a burst of work has taken, once no requests come any more, for as long as the process lives.
 * V8 by itself lets the room for young objects grow to 32 MB and more, and does not shrink it in a server that rests. A collection
 * holds the process up for some 50 ms.
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
  /** Bytes that were left by the last collection. */
  #left = 0

  constructor(settings: IdleCollectionSettings, session: Session) {
    this.#settings = settings
    this.#session = session
  }

  /** V8 has collected something, so there has been work. */
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

/** Collects all garbage and gives free pages back; the inspector's is the one way that every Node.js has. */
function collectGarbage(session: Session, onDone: () => void): void {
  session.connect()
  session.post('HeapProfiler.collectGarbage', () => {
    // Within the answer, V8 holds a lock that a disconnect would wait for.
    setImmediate(() => {
      session.disconnect()
      onDone()
    })
  })
}
