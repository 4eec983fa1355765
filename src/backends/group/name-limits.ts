import type { ProcessGroup } from '../../core/process-group.ts'
import type { NamedLimit } from '../../core/time-limit.ts'

/** The limits of a group that hold for each process of it. */
export function nameLimits({
  timeouts,
  limitNames,
}: Pick<ProcessGroup, 'timeouts' | 'limitNames'>): {
  readonly startup: NamedLimit
  readonly ping: NamedLimit
} {
  return {
    startup: { ms: timeouts.startup, name: limitNames.startup },
    ping: { ms: timeouts.ping, name: limitNames.ping },
  }
}
