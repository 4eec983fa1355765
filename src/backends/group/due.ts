import type { ProcessGroup } from '../../core/process-group.ts'
import type { Cause } from '../../processes/cause.ts'
import { textOf, type MessageFromWorker } from './control-channel.ts'

/** Why a worker asks for a successor. */
export function parseDue(
  message: MessageFromWorker,
  { cpuTimeLimit }: Pick<ProcessGroup, 'cpuTimeLimit'>,
): Cause | undefined {
  switch (textOf(message, 'reason')) {
    case 'eviction':
      return { reason: 'eviction', text: 'got SIGUSR1' }
    case 'cpu_time': {
      const seconds = Math.ceil(cpuTimeLimit / 1000)
      return { reason: 'cpu_time', text: `has used a processor for ${seconds} s (cpuTimeLimit)` }
    }
    default:
      return undefined
  }
}
