import type { ProcessGroup } from '../../core/process-group.ts'
import type { RestartReason } from '../../core/restart-reason.ts'
import { toLimit } from '../../core/time-limit.ts'

// Reasons that are no limits of a process.
const BY_OTHERS = new Set<RestartReason>(['reload', 'repair', 'scale', 'terminated'])

/** The time limits of a group for requests of a process that has to end. */
export type EndLimits = {
  readonly timeouts: Pick<ProcessGroup['timeouts'], 'shutdown'>
} & Pick<ProcessGroup, 'gracefulTimeout' | 'evictionTimeout'>

/** Time in ms for the requests of a process that has reached a limit; undefined: it is replaced for something else. */
export function choosePatience(reason: RestartReason, limits: EndLimits): number | undefined {
  const { timeouts, gracefulTimeout = timeouts.shutdown, evictionTimeout } = limits
  if (reason === 'eviction') return toLimit(evictionTimeout ?? gracefulTimeout)
  return BY_OTHERS.has(reason) ? undefined : toLimit(gracefulTimeout)
}
