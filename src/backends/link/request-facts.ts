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

/** The facts of a request; `clock` measures its time. */
export function createFacts({ id, request }: Exchange, clock: ServiceClock): RequestFacts {
  const { method, path } = request
  return { id, method, path, age: Math.round(clock.age(performance.now())) }
}
