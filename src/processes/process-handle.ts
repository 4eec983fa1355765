import type { ProcessOutput } from './output.ts'
import type { Force, ProcessEnd } from './process-end.ts'

/** What is needed to end a process. */
export interface Ending {
  /** What it gets to end by itself, in ms. */
  readonly grace: number
  /** Asks it to. */
  readonly askToStop: () => void
  /** Called when it did not, before force is used. */
  readonly beforeForce: () => void
  /** Resolves when all that belongs to the process is over. */
  readonly exited: Promise<void>
}

/** A process, or what stands for one, by what it is watched and ended. */
export interface ProcessHandle {
  readonly pid: number
  /** Empty when it shares the descriptors of this process. */
  readonly outputs: readonly ProcessOutput[]
  /** Resolves once; what it sent before may still have to be read. */
  readonly ended: Promise<ProcessEnd>
  /** Ends it: asks, waits, then uses force as far as there is any. */
  terminate(ending: Ending): Promise<Force>
  /** Ends it and what it has started at once; this very process goes on. */
  kill(): void
  /** Ends it when it does not answer, with a dump of its stacks where there can be one. */
  abort(exited: Promise<void>): Promise<void>
}
