import type { Socket } from 'node:net'

import type { ProcessGroup } from '../../core/process-group.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import type { Carrier } from '../link/carrier.ts'

/** What one worker runs in, a process of its own or this very process, with the near ends of its ways in and out. */
export interface WorkerHost extends ProcessHandle {
  readonly control: Socket
  /** One socket for each thread. */
  readonly threads: readonly Socket[]
  /** The way to its event loop. */
  readonly loop: Carrier
}

/** Starts what a worker runs in. Rejects with PYTHON_START or PYTHON_NOT_EMBEDDABLE. */
export type StartHost = (group: ProcessGroup) => Promise<WorkerHost>
