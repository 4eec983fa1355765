import type { ProcessGroup } from '../../core/process-group.ts'
import type { Cause } from '../../processes/cause.ts'
import { describeBusy } from '../../processes/lifetime.ts'
import { textOf, type MessageFromWorker } from './control-channel.ts'

/** An operator wants another process in place of one. */
export const EVICTION: Cause = { reason: 'eviction', text: 'got SIGUSR1' }

/** Why a worker asks for a successor. */
export function parseDue(
  message: MessageFromWorker,
  { cpuTimeLimit }: Pick<ProcessGroup, 'cpuTimeLimit'>,
): Cause | undefined {
  switch (textOf(message, 'reason')) {
    case 'eviction':
      return EVICTION
    case 'cpu_time':
      return describeBusy(cpuTimeLimit)
    default:
      return undefined
  }
}
