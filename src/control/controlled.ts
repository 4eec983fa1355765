import type { ServerStatus } from '../core/group-status.ts'
import type { WorkerStacks } from '../core/stacks.ts'

/** A group of another size. */
export interface Scaled {
  readonly group: string
  /** How many processes there should be now. */
  readonly processes: number
}

/** A server, as those see it who control it. */
export interface Controlled {
  /** Requests can be answered: it has started, is not stopping, and each group has a worker that serves, or sleeps. */
  readonly ready: boolean
  status(): Promise<ServerStatus>
  /** What runs in each worker at the moment. */
  stacks(): Promise<readonly WorkerStacks[]>
  /** Resolves when the new generation serves. Rejects with a `TaipanError` when the old one continues, with the traceback as its cause. */
  reload(): Promise<void>
  /** Changes the number of processes of a group. Throws a `TaipanError`. */
  scale(group: string, processes: number): Scaled
  /** Begins a graceful stop. */
  askToStop(): void
}
