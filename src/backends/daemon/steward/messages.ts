import type { ProcessGroup } from '../../../core/process-group.ts'
import type { ProcessEnd } from '../../../processes/process-end.ts'

/** What the server asks the steward for. Groups come in the first message, before the server has given up its rights. */
export type MessageToSteward =
  | { readonly type: 'groups'; readonly groups: readonly ProcessGroup[] }
  | { readonly type: 'start'; readonly id: number; readonly group: string }
  | { readonly type: 'signal'; readonly id: number; readonly signal: StewardSignal }

/** A signal for a worker; `tree` kills it and its children. */
export type StewardSignal = 'SIGTERM' | 'SIGABRT' | 'tree'

/** What the steward says of a worker; a socket comes with each `end`. */
export type MessageFromSteward =
  | { readonly type: 'ready' }
  | { readonly type: 'end'; readonly id: number; readonly index: number }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | ({ readonly type: 'ended'; readonly id: number } & ProcessEnd)
  /** The rest of its process group has ended, too. */
  | { readonly type: 'alone'; readonly id: number }

/** Whether a value is a message of one of the sides. */
export function isMessage(value: unknown): value is { readonly type: string } {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}
