import type { Cause } from '../../processes/cause.ts'
import { textOf, type MessageFromWorker } from './control-channel.ts'

/** Why a worker asks for a successor. */
export function parseDue(message: MessageFromWorker): Cause | undefined {
  return textOf(message, 'reason') === 'eviction'
    ? { reason: 'eviction', text: 'got SIGUSR1' }
    : undefined
}
