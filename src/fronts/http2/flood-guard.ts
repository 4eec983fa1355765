import { type Rate, RateLimit } from './rate-limit.ts'

/** What a client can do for nothing, and what makes work here. */
export type Nuisance = 'reset' | 'refused' | 'ping' | 'settings' | 'priority'

// A page that is left resets the requests of all its pictures, and some clients send a ping with every piece of a body.
const RATES: Readonly<Record<Nuisance, Rate>> = {
  reset: { burst: 200, perSecond: 10 },
  refused: { burst: 1000, perSecond: 50 },
  ping: { burst: 1000, perSecond: 50 },
  settings: { burst: 50, perSecond: 2 },
  priority: { burst: 1000, perSecond: 50 },
}

const WORDS: Readonly<Record<Nuisance, string>> = {
  reset: 'the client resets too many requests',
  refused: 'the client opens too many streams beyond the limit',
  ping: 'the client sends too many pings',
  settings: 'the client sends too many settings',
  priority: 'the client sends too many priorities',
}

/** Counts the nuisances of one connection. */
export class FloodGuard {
  readonly #limits: Partial<Record<Nuisance, RateLimit>> = {}

  /** Why the connection must end; undefined while it may go on. */
  note(nuisance: Nuisance): string | undefined {
    const limit = (this.#limits[nuisance] ??= new RateLimit(RATES[nuisance]))
    return limit.take() ? undefined : WORDS[nuisance]
  }
}
