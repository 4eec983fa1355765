import type { ProcessOutput } from './output.ts'
import type { Force, ProcessEnd } from './process-end.ts'

/** How to end a process. */
export interface Ending {
  /** Grace period after `askToStop`, in ms. */
  readonly grace: number
  readonly askToStop: () => void
  /** Called after the grace period, before force is used. */
  readonly beforeForce: () => void
  /** Resolves when the process has ended and its output was read. */
  readonly exited: Promise<void>
}

/** A process, or an interpreter inside Node that takes the place of one. */
export interface ProcessHandle {
  readonly pid: number
  /** Empty when it uses the file descriptors of this process. */
  readonly outputs: readonly ProcessOutput[]
  /** Resolves once; its last output may still be unread. */
  readonly ended: Promise<ProcessEnd>
  /** Asks it to stop, waits, then uses force if possible. */
  terminate(ending: Ending): Promise<Force>
  /** Kills it and its children at once; this process itself goes on. */
  kill(): void
  /** Kills a process that does not answer, with a dump of its stacks if possible. */
  abort(exited: Promise<void>): Promise<void>
}
