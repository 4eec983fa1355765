import type { Exchange } from '../../core/exchange.ts'
import type { ServiceClock } from './service-clock.ts'

/** Facts about a request, for the log record of a worker's death. */
export interface RequestFacts {
  readonly id: string
  readonly method: string
  readonly path: string
  /** Milliseconds since the hand-over. */
  readonly age: number
}

/** Where a request is in its worker. */
export interface PlacedFacts {
  readonly facts: RequestFacts
  readonly application: string
  /** Number on the event loop; undefined in a thread. */
  readonly stream: number | undefined
  /** Name of the thread or the stream. */
  readonly place: string
}

/** The facts of a request; `clock` measures its time. */
export function createFacts({ id, request }: Exchange, clock: ServiceClock): RequestFacts {
  const { method, path } = request
  return { id, method, path, age: Math.round(clock.age(performance.now())) }
}
