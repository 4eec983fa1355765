import type { Exchange } from '../../core/exchange.ts'
import type { ServiceClock } from './service-clock.ts'

/** What a request was, for the record of a worker's death. */
export interface RequestFacts {
  readonly id: string
  readonly method: string
  readonly path: string
  /** Milliseconds since hand-over. */
  readonly age: number
}

/** The facts of a request whose time the clock has taken. */
export function createFacts({ id, request }: Exchange, clock: ServiceClock): RequestFacts {
  const { method, path } = request
  return { id, method, path, age: Math.round(clock.age(performance.now())) }
}
