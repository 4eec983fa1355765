import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

import type { ProcessGroup } from '../../core/process-group.ts'
import type { Carrier } from '../link/carrier.ts'

/**
 * A stop may go to every process of a service at once. One that was asked to end from outside works on for so long (ms),
 * until Node has read its own signal, too.
 */
export const STOP_ECHO_MS = 100

/** How a worker ended; both null when it was no process of its own. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How far one had to go to end a worker; `left` when it could not be ended and goes on. */
export type Force = 'none' | 'SIGTERM' | 'SIGKILL' | 'left'

/** What is needed to end a worker. */
export interface Ending {
  /** What the worker gets to end by itself, in ms. */
  readonly grace: number
  /** Asks it to. */
  readonly askToStop: () => void
  /** Called when it did not, before force is used. */
  readonly beforeForce: () => void
  /** Resolves when all that belongs to the worker is over. */
  readonly exited: Promise<void>
}

/** What a worker prints past the log: file descriptors 1 and 2 of its process. */
export interface HostOutput {
  readonly name: 'stdout' | 'stderr'
  readonly stream: Readable
}

/** What one worker runs in, a process of its own or this very process, with the near ends of its ways in and out. */
export interface WorkerHost {
  readonly pid: number
  readonly control: Socket
  /** One socket for each thread. */
  readonly threads: readonly Socket[]
  /** The way to its event loop. */
  readonly loop: Carrier
  /** Empty when it shares the descriptors of this process. */
  readonly outputs: readonly HostOutput[]
  /** Resolves once; what it sent before may still have to be read. */
  readonly ended: Promise<WorkerEnd>
  /** Ends it: asks, waits, then uses force as far as there is any. */
  terminate(ending: Ending): Promise<Force>
  /** Ends its process and what that has started at once; this very process goes on. */
  kill(): void
  /** Ends it when it does not answer, with a dump of its stacks where there can be one. */
  abort(exited: Promise<void>): Promise<void>
}

/** Starts what a worker runs in. Rejects with PYTHON_START or PYTHON_NOT_EMBEDDABLE. */
export type StartHost = (group: ProcessGroup) => Promise<WorkerHost>
